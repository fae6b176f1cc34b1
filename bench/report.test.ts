// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { figure } from './figure.js';
import { number, renderOutcome } from './report.js';
import { table } from './table.js';

describe('number', () => {
  it.each([
    [1234.56, '1235'],
    [12.345, '12.3'],
    [0.70049, '0.7'],
    [0, '0'],
  ])('shows %f as %s', (value, text) => {
    expect(number(value)).toBe(text);
  });
});

describe('table', () => {
  it('aligns columns and leaves no spaces at the end', () => {
    expect(table([['a', 'bb', ''], ['ccc', 'd', 'e']])).toBe('a    bb\nccc  d   e\n'); // prettier-ignore
  });
});

describe('renderOutcome', () => {
  it('says why a benchmark was not measured', () => {
    const text = renderOutcome({ benchmark: 'boot', arch: 'aarch64', unmeasured: 'no kernel is built' });
    expect(text).toBe('boot aarch64: not measured: no kernel is built\n');
  });

  it('shows a value beside its baseline, the ratio, the target and the repetitions', () => {
    const boot = figure({
      name: 'first verdict',
      unit: 'ms',
      ours: [1000, 1400, 1200],
      baseline: { label: 'bare init', samples: [1000, 1000, 1000] },
      target: { of: 'ratio', is: 'at most', limit: 1.3 },
    });
    const text = renderOutcome({ benchmark: 'boot', figures: [boot], notes: ['under TCG'] });
    expect(text).toContain('1200 ms (1000…1400)  bare init 1000  ×1.2 (1…1.4)  ≤ ×1.3: met  3');
    expect(text).toMatch(/ {2}under TCG\n$/);
  });

  it('shouts when a target is missed', () => {
    const value = figure({
      name: 'wall',
      unit: 's',
      ours: [30],
      target: { of: 'value', is: 'at most', limit: 20 },
    });
    expect(renderOutcome({ benchmark: 'suite', figures: [value], notes: [] })).toContain('≤ 20: MISSED');
  });
});
