// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, Verdict } from '../judge/verdict.js';

/** Every verdict, in the order in which reports count them. */
export const VERDICTS: readonly Verdict[] = ['pass', 'fail', 'crash', 'error', 'xpass', 'xfail', 'skip'];

export interface Totals {
  counts: Record<Verdict, number>;
  /** Cases with a verdict. */
  recorded: number;
  /** Cases whose program ran and was judged: neither skipped nor `error`. */
  executed: number;
  /** Cases that were to run; more than `recorded` when a run stopped early, never fewer. */
  planned: number;
}

/**
 * Count records by verdict.
 * @param planned how many cases were to run; by default as many as were recorded.
 */
export function totals(records: Iterable<CaseRecord>, planned?: number): Totals {
  const counts: Record<Verdict, number> = {
    pass: 0,
    fail: 0,
    crash: 0,
    error: 0,
    xpass: 0,
    xfail: 0,
    skip: 0,
  };
  for (const { verdict } of records) counts[verdict] += 1;
  const recorded = VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 0);
  return { counts, recorded, executed: recorded - counts.skip - counts.error, planned: planned ?? recorded };
}

/** `pass:3 fail:0 crash:0 …`, every verdict named, zero or not. */
export function formatTotals({ counts }: Totals): string {
  return VERDICTS.map((verdict) => `${verdict}:${counts[verdict]}`).join(' ');
}

/** How a run ends: the process exit code and, unless all is well, the one line that says why. */
export interface Exit {
  /** 0 everything as expected, 1 an unexpected result, 3 nothing proven. */
  code: 0 | 1 | 3;
  message?: string;
}

/**
 * The exit code of a run (design: "no false green"). A finding outranks a run that proves too little: 1 when
 * any case failed, crashed or passed unexpectedly; else 3 when too little was executed or cases have no
 * verdict; else 1 for errors among cases that did run; else 0.
 * @param minimumExecuted how many cases must have been executed, not counting skips and errors; at least 1.
 */
export function exitCode(total: Totals, minimumExecuted = 1): Exit {
  const { counts, recorded, executed, planned } = total;
  const found = (['fail', 'crash', 'xpass'] as const).filter((verdict) => counts[verdict] > 0);
  if (found.length > 0) {
    return { code: 1, message: `Unexpected results: ${found.map((v) => `${counts[v]} ${v}`).join(', ')}` };
  }
  const minimum = Math.max(1, minimumExecuted);
  const nothing = nothingProven(total);
  if (nothing !== undefined) return { code: 3, message: nothing };
  if (executed < minimum) {
    const others = `${counts.skip} skipped, ${counts.error} in error`;
    return { code: 3, message: `Expected at least ${minimum} executed cases, got ${executed} (${others})` };
  }
  if (recorded < planned) {
    return {
      code: 3,
      message: `The run stopped early: ${planned - recorded} of ${planned} cases have no verdict`,
    };
  }
  if (recorded > planned) {
    return {
      code: 3,
      message: `Expected ${planned} cases, got verdicts of ${recorded}: not the run planned`,
    };
  }
  if (counts.error > 0) {
    return { code: 1, message: `${counts.error} of ${recorded} cases could not be judged (error)` };
  }
  return { code: 0 };
}

function nothingProven({ counts, recorded, executed }: Totals): string | undefined {
  if (executed > 0) return undefined;
  if (recorded === 0) return 'Nothing was executed: no case ran';
  if (counts.error === 0) return `Nothing was executed: all ${recorded} cases were skipped`;
  if (counts.skip === 0) return `Nothing was proven: all ${recorded} cases ended in error`;
  return `Nothing was proven: ${counts.error} cases ended in error, ${counts.skip} were skipped`;
}
