// SPDX-License-Identifier: GPL-2.0-only
import { judge } from '../judge/judge.js';
import type { Judgement } from '../judge/judge.js';
import type { CaseRecord } from '../judge/verdict.js';
import type { Trace } from '../program/trace.js';
import type { Program } from '../program/step.js';
import type { TestPoint } from '../suite/expand.js';
import type { FeatureState } from '../suite/features.js';
import type { Elsewhere } from './drift.js';
import { TargetError } from '../target/executor.js';

/** What a point is run with. */
export interface PointContext {
  readonly run: (program: Program) => Promise<Trace>;
  features: ReadonlyMap<string, FeatureState>;
  /** Which other profiles expect what was seen. */
  readonly elsewhere?: Elsewhere;
  /** Command that runs a point alone. */
  readonly replay: (id: string) => string;
}

/**
 * Run one point and judge it. Never rejects for what the kernel did; a program-scope TargetError becomes the
 * verdict `error`.
 * @throws TargetError of scope `fatal`: nothing more can run
 */
export async function runPoint(point: TestPoint, cx: PointContext): Promise<CaseRecord> {
  const started = performance.now();
  // What a kernel lacks says more than which dialects a case is for: a kernel without conversion fits none.
  const other = point.skip?.code.startsWith('arch:') === true;
  const skip = (other ? undefined : missing(point, cx.features)) ?? point.skip;
  const outcome = skip
    ? { verdict: 'skip' as const, code: skip.code, reason: skip.reason, mismatches: [], calls: [] }
    : await execute(point, cx);
  return {
    id: point.id,
    suite: point.suite,
    about: point.about,
    ...(point.rules.length > 0 && { rules: point.rules }),
    ...outcome,
    replay: cx.replay(point.id),
    durationMs: Math.round((performance.now() - started) * 1000) / 1000,
  };
}

/** The first feature that the point requires and that is not there. An unknown one is refused by `check`. */
function missing(point: TestPoint, features: PointContext['features']): TestPoint['skip'] {
  for (const id of point.requires) {
    const state = features.get(id);
    if (!state?.present)
      return { code: `feature:${id}`, reason: state?.why ?? 'not a feature of features.yaml' };
  }
  return undefined;
}

type Outcome = Pick<CaseRecord, 'verdict' | 'reason' | 'drift' | 'mismatches' | 'crash' | 'calls'>;

async function execute(point: TestPoint, cx: PointContext): Promise<Outcome> {
  let trace: Trace;
  try {
    trace = await cx.run(point.program);
  } catch (e) {
    if (!(e instanceof TargetError) || e.scope === 'fatal') throw e;
    return { verdict: 'error', reason: e.message, mismatches: [], calls: [] };
  }
  const j = judge(point.program, trace);
  const drift = j.verdict === 'fail' ? (cx.elsewhere?.(point, trace) ?? []) : [];
  const calls = trace.steps.flatMap((s) => s.calls);
  const common = {
    mismatches: j.mismatches,
    calls: j.verdict === 'pass' ? [] : calls,
    ...(trace.crash ? { crash: trace.crash } : {}),
    ...(drift.length > 0 ? { drift } : {}),
  };
  return { ...common, ...(point.xfail === undefined ? plain(j) : expectedToFail(j, point.xfail)) };
}

function plain(j: Judgement): Pick<Outcome, 'verdict' | 'reason'> {
  return { verdict: j.verdict, ...(j.reason === undefined ? {} : { reason: j.reason }) };
}

function expectedToFail(j: Judgement, reason: string): Pick<Outcome, 'verdict' | 'reason'> {
  if (j.verdict === 'fail') return { verdict: 'xfail', reason };
  if (j.verdict === 'pass') return { verdict: 'xpass', reason: `passed, but was to fail: ${reason}` };
  return plain(j);
}
