// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, Verdict } from '../judge/verdict.js';
import type { TestPoint } from '../suite/expand.js';
import { TargetError } from '../target/executor.js';
import type { Score } from './scoreboard.js';

/** Verdicts that tell a fault: `error` does not, since it says that we do not know. */
const TELLING: ReadonlySet<Verdict> = new Set(['fail', 'crash', 'xpass']);

/** A kernel with one fault that has booted, and how a point is run on it. */
export interface FaultyKernel {
  points: readonly TestPoint[];
  readonly run: (point: TestPoint) => Promise<CaseRecord>;
  /** Fewer executed points than this are an alarm of their own, as in every run (exit code 3 there). */
  minimum: number;
}

/**
 * Run the suites on a kernel with a fault until a point tells it.
 * @param signal ends the search: the score is then undefined
 * @throws TargetError when the kernel cannot be run any more
 */
export async function judgeFault(
  fault: { id: string; about: string },
  kernel: FaultyKernel,
  signal: AbortSignal,
): Promise<Score | undefined> {
  const known = { id: fault.id, about: fault.about };
  let executed = 0;
  let doubt: string | undefined;
  for (const point of kernel.points) {
    if (signal.aborted) return undefined;
    const record = await kernel.run(point);
    if (TELLING.has(record.verdict)) {
      const how = record.verdict === 'crash' ? ` (${record.reason ?? 'crash'})` : '';
      return { ...known, verdict: 'killed', by: `${point.id}${how}` };
    }
    if (record.verdict === 'error') doubt ??= `${point.id}: ${record.reason ?? 'error'}`;
    if (record.verdict !== 'skip') executed++;
  }
  if (executed < kernel.minimum) {
    return { ...known, verdict: 'killed', by: `only ${executed} of ${kernel.minimum} points executed` };
  }
  return doubt === undefined ? { ...known, verdict: 'survived' } : { ...known, verdict: 'error', why: doubt };
}

/** A kernel that crashed before a point could run, which every run reports. */
export function crashedEarly(fault: { id: string; about: string }, e: unknown): Score {
  if (!(e instanceof TargetError)) throw e;
  const why = e.message.split('\n')[0] ?? '';
  const crashed = /crashed while/.test(why);
  const known = { id: fault.id, about: fault.about };
  return crashed ? { ...known, verdict: 'killed', by: why } : { ...known, verdict: 'error', why };
}
