// SPDX-License-Identifier: GPL-2.0-only
import { pairedRatio, summarize } from './statistics.js';
import type { Stats } from './statistics.js';

/** What was aimed at. */
export interface Target {
  /** `ratio` to the baseline, or the `value` itself in its unit. */
  of: 'ratio' | 'value';
  is: 'at most' | 'at least';
  limit: number;
}

/** One line of the report. */
export interface Figure {
  name: string;
  /** `ms`, `s`, `µs`, `MB`, or `…/s` for rates. */
  unit: string;
  ours: Stats;
  baseline?: Stats & { label: string };
  /** Ours to baseline, pair by pair. */
  ratio?: Stats;
  target?: Target & { met: boolean };
}

export interface FigureInput {
  name: string;
  unit: string;
  ours: readonly number[];
  baseline?: { label: string; samples: readonly number[] };
  target?: Target;
}

/** Make a figure of samples; a target is met or missed by the median. @throws RangeError without samples */
export function figure({ name, unit, ours, baseline, target }: FigureInput): Figure {
  const stats = summarize(ours);
  const ratio = baseline && pairedRatio(ours, baseline.samples);
  return {
    name,
    unit,
    ours: stats,
    ...(baseline && { baseline: { label: baseline.label, ...summarize(baseline.samples) } }),
    ...(ratio && { ratio }),
    ...(target && { target: { ...target, met: met(target, stats, ratio) } }),
  };
}

function met({ of, is, limit }: Target, value: Stats, ratio: Stats | undefined): boolean {
  const seen = of === 'value' ? value : ratio;
  if (!seen) throw new RangeError('expected a baseline for a target that is a ratio');
  return is === 'at most' ? seen.median <= limit : seen.median >= limit;
}
