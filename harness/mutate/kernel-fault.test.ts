// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { CaseRecord, Verdict } from '../judge/verdict.js';
import type { TestPoint } from '../suite/expand.js';
import { TargetError } from '../target/executor.js';
import { crashedEarly, judgeFault } from './kernel-fault.js';
import type { Score } from './scoreboard.js';

const FAULT = { id: 'f', about: 'It is wrong.' };
const points = (n: number): TestPoint[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `a/b/p${i}`,
    suite: 'a/b',
    about: '',
    source: [],
    requires: [],
    rules: [],
    where: '',
    program: { id: `a/b/p${i}`, steps: [] },
  }));

/** The score of a kernel on which points end like this. */
async function score(verdicts: readonly Verdict[], minimum = 1, abort = false): Promise<Score | undefined> {
  const all = points(verdicts.length);
  const run = (point: TestPoint): Promise<CaseRecord> => {
    const verdict = verdicts[all.indexOf(point)] ?? 'error';
    const rest = { suite: 'a/b', about: '', mismatches: [], calls: [], replay: '', durationMs: 1 };
    return Promise.resolve({ id: point.id, verdict, reason: 'why', ...rest });
  };
  return judgeFault(
    FAULT,
    { points: all, run, minimum },
    abort ? AbortSignal.abort() : new AbortController().signal,
  );
}

describe('a fault of a kernel', () => {
  it('is told by the first point that fails or crashes', async () => {
    expect(await score(['pass', 'skip', 'fail', 'fail'])).toMatchObject({ verdict: 'killed', by: 'a/b/p2' });
    expect(await score(['pass', 'crash'])).toMatchObject({ verdict: 'killed', by: 'a/b/p1 (why)' });
  });

  it('survives suites that pass', async () => {
    expect(await score(['pass', 'skip'])).toEqual({ ...FAULT, verdict: 'survived' });
  });

  it('is told by points that it keeps from running, as any run would', async () => {
    expect(await score(['pass', 'skip'], 2)).toMatchObject({
      verdict: 'killed',
      by: 'only 1 of 2 points executed',
    });
  });

  it('is not told by a point that found nothing out', async () => {
    expect(await score(['error', 'pass'])).toMatchObject({ verdict: 'error', why: 'a/b/p0: why' });
  });

  it('has no score when the run is interrupted', async () => {
    expect(await score(['fail'], 1, true)).toBeUndefined();
  });

  it('is told by a kernel that crashes before the first point, and not by one that does not boot', () => {
    const crash = new TargetError('qemu:x crashed while features were probed (p): BUG\nmore');
    expect(crashedEarly(FAULT, crash)).toMatchObject({ verdict: 'killed' });
    expect(crashedEarly(FAULT, new TargetError('no QEMU'))).toMatchObject({
      verdict: 'error',
      why: 'no QEMU',
    });
    expect(() => crashedEarly(FAULT, new Error('bug'))).toThrow('bug');
  });
});
