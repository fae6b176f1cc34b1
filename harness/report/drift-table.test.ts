// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { driftJson, driftProblems, renderDriftTable, renderTelling } from './drift-table.js';
import type { DriftCell, DriftKernel, Telling } from './drift-table.js';

const telling: Telling = {
  id: 'a/b/c',
  mismatch: {
    step: 3,
    where: 's.yaml:1:1',
    what: 'set_attributes gmem',
    expected: 'success',
    seen: 'EINVAL',
    calls: [],
  },
  drift: ['d3-rfc2', 'd4-content-flags'],
};
const clean = (profile: string): DriftCell => ({ profile, executed: 9, notOk: [] });
const told = (profile: string, n: number): DriftCell => ({
  profile,
  executed: 9,
  notOk: Array.from({ length: n }, (_, i) => `a/b/c[${i}]`),
  telling,
});

const d3 = { dialect: 'd3', profile: 'd3-rfc2', probed: 'd3-rfc2' };
const d8 = { dialect: 'd8', profile: 'd8-7.4', probed: 'd8-7.4' };
const good: DriftKernel[] = [
  { ...d3, cells: [clean('d3-rfc2'), told('d8-7.4', 2)] },
  { ...d8, cells: [told('d3-rfc2', 7), clean('d8-7.4')] },
];
const reasons = (...kernels: DriftKernel[]): string[] =>
  driftProblems(kernels).map((p) => `${p.dialect} as ${p.profile}: ${p.reason}`);

describe('the table of drift', () => {
  it('has kernels in rows, profiles in columns and a point for each clean diagonal', () =>
    expect(renderDriftTable(good)).toBe(
      ['kernel        d3    d8', 'd3             .     2', 'd8             7     .'].join('\n'),
    ));

  it('shows a diagonal that is not clean as a number', () =>
    expect(renderDriftTable([{ ...d8, cells: [told('d8-7.4', 1)] }])).toContain('     1'));

  it('names for each pair a point, what was expected and who expects what was seen', () =>
    expect(renderTelling(good).split('\n').slice(0, 4)).toEqual([
      'kernel of d3 (d3-rfc2)',
      '  as d8: a/b/c',
      '    set_attributes gmem: expected success, seen EINVAL',
      '    what was seen is what d3-rfc2, d4-content-flags expect',
    ]));

  it('says once what tells a kernel from several profiles, and cuts what is long', () => {
    const long = { ...telling, mismatch: { ...telling.mismatch, seen: 'x'.repeat(100) } };
    const cells = ['d3-rfc2', 'd8-7.4'].map((id) => ({ ...told(id, 1), telling: long }));
    const lines = renderTelling([
      { dialect: 'd7', profile: 'd7-v8', cells },
      { ...d3, cells: [] },
      { ...d8, cells: [] },
    ]).split('\n');
    expect(lines[1]).toBe('  as d3, d8: a/b/c');
    expect(lines[2]).toContain(`seen ${'x'.repeat(60)}…`);
  });

  it('is the same as data', () =>
    expect(driftJson(good)).toMatchObject({
      kernels: [
        { dialect: 'd3', cells: [{ notOk: [] }, { telling: { id: 'a/b/c', seen: 'EINVAL' } }] },
        { dialect: 'd8' },
      ],
      problems: [],
    }));
});

describe('what is wrong with a table', () => {
  it('is nothing when the diagonal is clean and all pairs are told apart', () =>
    expect(reasons(...good)).toEqual([]));

  it('is a kernel that fails under its own profile', () =>
    expect(reasons({ ...d8, cells: [told('d8-7.4', 1)] })).toEqual([
      'd8 as d8-7.4: its own profile, and not ok: a/b/c[0]',
    ]));

  it('is a pair that nothing tells apart, and why', () =>
    expect(reasons({ ...d3, cells: [clean('d3-rfc2'), clean('d8-7.4')] })).toEqual([
      'd3 as d8-7.4: not told apart: the kernel did what both expect in all 9 points',
    ]));

  it('is a pair of which only errors of our own were seen', () => {
    const { profile, executed } = clean('d8-7.4');
    expect(reasons({ ...d3, cells: [{ profile, executed, notOk: ['a/b/c'] }] })).toEqual([
      'd3 as d8-7.4: no failure says anything about the kernel: a/b/c',
    ]);
  });

  it('is a column in which nothing ran', () =>
    expect(reasons({ ...d8, cells: [{ profile: 'd8-7.4', executed: 0, notOk: [] }] })).toEqual([
      'd8 as d8-7.4: nothing was executed',
    ]));

  it('is a kernel that probing takes for another', () =>
    expect(reasons({ ...d8, probed: 'd7-v8', cells: [clean('d8-7.4')] })).toEqual([
      'd8 as d8-7.4: probing found d7-v8',
    ]));
});
