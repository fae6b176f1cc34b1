// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { CaseRecord } from '../judge/verdict.js';
import { EVERY_VERDICT, IDENTITY, makeRecord, ofVerdict } from './records.test-helper.js';
import { renderSummary, type SummaryInput, wantsColor } from './summary.js';
import { exitCode, totals } from './totals.js';

function summary(records: readonly CaseRecord[], overrides: Partial<SummaryInput> = {}): string {
  const total = totals(records);
  const rest = { identity: IDENTITY, wallMs: 61_500, color: false, exit: exitCode(total) };
  return renderSummary({ ...rest, records, total, ...overrides });
}

describe('renderSummary', () => {
  it('counts, explains skips, and lists what is not ok with its replay command', () => {
    const text = summary(EVERY_VERDICT, { runDir: 'results/runs/x' });
    expect(text.split('\n').slice(0, 7)).toEqual([
      'qemu:mainline-7.3 x86_64, kernel 7.3.4-gmemcheck, profile d0-mainline',
      '7 cases in 1 min 1 s: 1 pass, 1 fail, 1 crash, 1 error, 1 xpass, 1 xfail, 1 skip',
      '  skipped 1: feature:fork the host target cannot fork',
      'fail  create/flags/each-bit[bit=3]',
      '      step 3: expected EINVAL, seen 5 (a file descriptor)',
      "      gmemcheck run --target qemu:mainline-7.3 'create/flags/each-bit[bit=3]'",
      'xpass create/flags/each-bit[bit=6]',
    ]);
    expect(text).toContain(
      'Journal and reports: results/runs/x\nUnexpected results: 1 fail, 1 crash, 1 xpass\n',
    );
  });

  it('groups skips by reason, the most frequent first', () => {
    const skip = (n: number, code: string): CaseRecord => makeRecord('a', `s${n}`, { verdict: 'skip', code });
    const text = summary([skip(1, 'arch:x'), skip(2, 'feature:fork'), skip(3, 'feature:fork')]);
    expect(text).toContain('  skipped 2: feature:fork\n  skipped 1: arch:x\n');
    expect(text).toContain('all 3 cases were skipped');
  });

  it('names the slowest cases, and none when all were fast', () => {
    const records = [10, 2500, 150, 120, 700].map((durationMs, n) =>
      makeRecord('a', `c${n}`, { durationMs }),
    );
    expect(summary(records).match(/slow .*/g)).toEqual([
      'slow 2.5 s: a/c1',
      'slow 700 ms: a/c4',
      'slow 150 ms: a/c2',
    ]);
    expect(summary(ofVerdict('pass'))).not.toContain('slow');
  });

  it('limits the list of failing cases', () => {
    const records = Array.from({ length: 30 }, (_, n) => makeRecord('a', `c${n}`, { verdict: 'fail' }));
    expect(summary(records)).toContain('and 10 more that are not ok');
  });

  it('names the profiles that expect what failed', () => {
    const fail = (point: string, drift: string[]): CaseRecord =>
      makeRecord('a', point, { verdict: 'fail', drift });
    const text = summary([
      fail('x', ['d7-v8']),
      fail('y', ['d6-v7', 'd7-v8']),
      makeRecord('a', 'z', { verdict: 'fail' }),
    ]);
    expect(text).toContain('fail  a/y\n      what was seen is what d6-v7, d7-v8 expect\n');
    expect(text).toContain(
      '2 of 3 failures are what d7-v8 expects\n1 of 3 failures are what d6-v7 expects\n',
    );
  });

  it('says that a run on the model proves nothing about a kernel', () => {
    expect(summary(ofVerdict('pass'), { identity: { ...IDENTITY, evidence: 'model' } })).toContain(
      'nothing about any kernel',
    );
  });

  it('uses colours only when asked to', () => {
    expect(summary(EVERY_VERDICT)).not.toContain('\u001b');
    expect(summary(ofVerdict('pass'), { color: true })).toContain(
      '\u001b[32mEverything as expected.\u001b[0m',
    );
  });
});

describe('wantsColor', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [undefined, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('with isTTY %s and %j is %s', (isTTY, env, expected) => {
    expect(wantsColor({ isTTY }, env)).toBe(expected);
  });
});
