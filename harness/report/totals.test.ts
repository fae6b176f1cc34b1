// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../judge/verdict.js';
import { makeRecord } from './records.test-helper.js';
import { exitCode, formatTotals, type Totals, totals } from './totals.js';

function of(counts: Partial<Record<Verdict, number>>, planned?: number): Totals {
  const records = Object.entries(counts).flatMap(([verdict, count]) =>
    Array.from({ length: count }, (_, n) =>
      makeRecord('a', `${verdict}-${n}`, { verdict: verdict as Verdict }),
    ),
  );
  return totals(records, planned);
}

describe('totals', () => {
  it('counts as executed what ran and was judged', () => {
    const total = of({ pass: 4, fail: 1, crash: 1, error: 2, xpass: 1, xfail: 1, skip: 5 }, 20);
    expect(total).toMatchObject({ recorded: 15, executed: 8, planned: 20 });
    expect(formatTotals(total)).toBe('pass:4 fail:1 crash:1 error:2 xpass:1 xfail:1 skip:5');
  });
});

describe('exitCode', () => {
  it.each<[string, Totals, number, number, RegExp | undefined]>([
    ['all pass', of({ pass: 3 }), 3, 0, undefined],
    ['expected failures and skips among passes', of({ pass: 1, xfail: 1, skip: 9 }), 2, 0, undefined],
    ['only expected failures', of({ xfail: 1 }), 1, 0, undefined],
    ['a failure', of({ pass: 3, fail: 1 }), 1, 1, /1 fail/],
    ['a crash', of({ crash: 1 }), 1, 1, /1 crash/],
    ['an unexpected pass', of({ pass: 3, xpass: 2 }), 1, 1, /2 xpass/],
    ['a failure in a run that executed too little', of({ fail: 1, skip: 3 }, 9), 400, 1, /1 fail/],
    ['an error among others', of({ pass: 3, error: 1 }), 1, 1, /1 of 4 cases could not be judged/],
    ['an error and too little executed', of({ pass: 3, error: 1 }), 4, 3, /at least 4 executed cases, got 3/],
    ['no case', of({}), 0, 3, /no case ran/],
    ['only skips', of({ skip: 2 }), 0, 3, /all 2 cases were skipped/],
    ['only errors', of({ error: 2 }), 0, 3, /all 2 cases ended in error/],
    ['only skips and errors', of({ error: 1, skip: 2 }), 0, 3, /1 cases ended in error, 2 were skipped/],
    [
      'fewer than the minimum',
      of({ pass: 399, skip: 50 }),
      400,
      3,
      /at least 400 executed cases, got 399 \(50 skipped/,
    ],
    ['more verdicts than points', of({ pass: 7 }, 5), 1, 3, /Expected 5 cases, got verdicts of 7/],
    ['a run that stopped early', of({ pass: 5 }, 7), 1, 3, /2 of 7 cases have no verdict/],
  ])('judges a run with %s', (_what, total, minimum, code, message) => {
    const exit = exitCode(total, minimum);
    expect(exit.code).toBe(code);
    if (message) expect(exit.message).toMatch(message);
    else expect(exit.message).toBeUndefined();
  });
});
