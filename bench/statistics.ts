// SPDX-License-Identifier: GPL-2.0-only

/** What is reported of repeated measurements of one thing. */
export interface Stats {
  /** Number of repetitions. */
  n: number;
  median: number;
  min: number;
  max: number;
}

/**
 * Median (of an even number: the mean of the two in the middle) and range.
 * @throws RangeError when there are no samples or one is not a finite number
 */
export function summarize(samples: readonly number[]): Stats {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined || !sorted.every(Number.isFinite)) {
    throw new RangeError(`expected one or more finite samples, got [${samples.join(', ')}]`);
  }
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? min;
  const high = sorted[Math.ceil(middle)] ?? max;
  return { n: sorted.length, median: (low + high) / 2, min, max };
}

/**
 * Ratios of samples taken next to each other: what else the machine did then is in both and cancels out, in
 * a ratio of medians it would not.
 * @throws RangeError when the numbers of samples differ
 */
export function pairedRatio(ours: readonly number[], baseline: readonly number[]): Stats {
  if (ours.length !== baseline.length) {
    throw new RangeError(`expected as many baselines as samples, got ${baseline.length} and ${ours.length}`);
  }
  return summarize(ours.map((sample, i) => sample / (baseline[i] ?? NaN)));
}
