// SPDX-License-Identifier: GPL-2.0-only
import { judge } from '../judge/judge.js';
import type { Judgement } from '../judge/judge.js';
import { reconcile } from '../judge/reconcile.js';
import type { CaseRecord } from '../judge/verdict.js';
import type { Trace } from '../program/trace.js';
import type { Tracked } from '../spec/core/track.js';
import type { TestPoint } from '../suite/expand.js';

/** What a point and its trace come to. */
export interface Conclusion {
  /** Before what is known to fail is looked at. */
  judgement: Judgement;
  outcome: Pick<CaseRecord, 'verdict' | 'reason'>;
}

/**
 * The verdict of a point.
 * @param tracked what the specification makes of the trace, where it has a say
 */
export function conclude(point: TestPoint, trace: Trace, tracked?: Tracked): Conclusion {
  const own = judge(point.program, trace);
  const judgement = tracked ? reconcile(own, tracked) : own;
  const { xfail } = point;
  return { judgement, outcome: xfail === undefined ? plain(judgement) : expectedToFail(judgement, xfail) };
}

function plain(j: Judgement): Conclusion['outcome'] {
  return { verdict: j.verdict, ...(j.reason === undefined ? {} : { reason: j.reason }) };
}

function expectedToFail(j: Judgement, reason: string): Conclusion['outcome'] {
  if (j.verdict === 'fail') return { verdict: 'xfail', reason };
  if (j.verdict === 'pass') return { verdict: 'xpass', reason: `passed, but was to fail: ${reason}` };
  return plain(j);
}
