// SPDX-License-Identifier: GPL-2.0-only
/** A run of pages with one value: from `from`, up to and without `to`. */
export interface Run<T> {
  readonly from: number;
  readonly to: number;
  readonly value: T;
}

/**
 * What is known of pages, as few runs as can say it: sorted, apart or of different values. Page numbers fit a
 * double, as no offset or guest address has more than 64 bits.
 */
export type Ranges<T> = readonly Run<T>[];

/** Nothing known of any page. */
export const NOWHERE: Ranges<never> = [];

/** The value of one page, undefined where there is none. */
export function at<T>(ranges: Ranges<T>, page: number): T | undefined {
  for (const run of ranges) {
    if (page < run.from) return undefined;
    if (page < run.to) return run.value;
  }
  return undefined;
}

/** The same with `value` for all pages from `from` up to and without `to`; undefined takes the value away. */
export function put<T>(ranges: Ranges<T>, from: number, to: number, value: T | undefined): Ranges<T> {
  if (from >= to) return ranges;
  const kept: Run<T>[] = [];
  for (const run of ranges) {
    if (run.to <= from || run.from >= to) {
      kept.push(run);
      continue;
    }
    if (run.from < from) kept.push({ ...run, to: from });
    if (run.to > to) kept.push({ ...run, from: to });
  }
  if (value !== undefined) kept.push({ from, to, value });
  return merged(kept.sort((a, b) => a.from - b.from));
}

function merged<T>(runs: readonly Run<T>[]): Ranges<T> {
  const out: Run<T>[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last?.to === run.from && last.value === run.value) out[out.length - 1] = { ...last, to: run.to };
    else out.push(run);
  }
  return out;
}

/** The runs inside of a range, cut to it. */
export function within<T>(ranges: Ranges<T>, from: number, to: number): Ranges<T> {
  return ranges
    .filter((run) => run.from < to && run.to > from)
    .map((run) => ({ ...run, from: Math.max(run.from, from), to: Math.min(run.to, to) }));
}

/** Whether every page of a range has a value. */
export function covers(ranges: Ranges<unknown>, from: number, to: number): boolean {
  return within(ranges, from, to).reduce((sum, run) => sum + run.to - run.from, 0) === Math.max(0, to - from);
}

/** The first page of a range that has a value, undefined when none has. */
export function firstIn(ranges: Ranges<unknown>, from: number, to: number): number | undefined {
  return within(ranges, from, to)[0]?.from;
}
