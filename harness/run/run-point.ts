// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord } from '../judge/verdict.js';
import type { Trace } from '../program/trace.js';
import { parallelBlocks } from '../program/step.js';
import type { Program } from '../program/step.js';
import type { TestPoint } from '../suite/expand.js';
import type { FeatureState } from '../suite/features.js';
import { TargetError } from '../target/executor.js';
import { callsOf } from './calls-of.js';
import { conclude } from './conclude.js';
import type { Elsewhere } from './drift.js';
import type { Specification } from './specification.js';

/** What a point is run with. */
export interface PointContext {
  /** @param seed chooses how parallel threads are shifted against each other */
  readonly run: (program: Program, seed?: number) => Promise<Trace>;
  features: ReadonlyMap<string, FeatureState>;
  /** Follows a trace through the specification; absent where the specification itself is what runs. */
  readonly specification?: Specification;
  /** Which other profiles expect what was seen. */
  readonly elsewhere?: Elsewhere;
  /** Command that runs a point alone. */
  readonly replay: (id: string) => string;
  /** How often programs with parallel threads run; default: once. */
  readonly rounds?: Rounds;
}

/** Rounds of what depends on timing: in each a parallel block runs once. A program has one or more of them. */
export interface Rounds {
  /** At least, if all pass: programs run to their ends. The first program that does not pass is the last. */
  count: number;
  /** Of the first program; each further one has the next. */
  seed: number;
  /** Called before each program with the number of its first round, counted from 1. */
  readonly begin?: (round: number) => void;
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

type Outcome = Pick<
  CaseRecord,
  'verdict' | 'reason' | 'drift' | 'mismatches' | 'crash' | 'calls' | 'rounds' | 'seed'
>;

/** Once; or, where threads race, until a program does not pass. */
async function execute(point: TestPoint, cx: PointContext): Promise<Outcome> {
  const blocks = parallelBlocks(point.program);
  if (blocks === 0) return executeOnce(point, cx);
  const { count, seed: first, begin } = cx.rounds ?? { count: 1, seed: 1 };
  for (let rounds = blocks, seed = first; ; rounds += blocks, seed++) {
    begin?.(rounds - blocks + 1);
    const outcome = await executeOnce(point, cx, seed);
    const { verdict } = outcome;
    // What is known to fail has not passed by surprise before its last round.
    const good = verdict === 'pass' || (verdict === 'xpass' && point.xfail !== undefined);
    if (!good || rounds >= count) return { ...outcome, rounds, seed };
  }
}

async function executeOnce(point: TestPoint, cx: PointContext, seed?: number): Promise<Outcome> {
  let trace: Trace;
  try {
    trace = await cx.run(point.program, seed);
  } catch (e) {
    if (!(e instanceof TargetError) || e.scope === 'fatal') throw e;
    return { verdict: 'error', reason: e.message, mismatches: [], calls: [] };
  }
  const { judgement: j, outcome } = conclude(point, trace, cx.specification?.(point.program, trace));
  const drift = j.verdict === 'fail' ? (cx.elsewhere?.(point, trace) ?? []) : [];
  return {
    mismatches: j.mismatches,
    calls: j.verdict === 'pass' ? [] : callsOf(point.program, trace, j.mismatches[0]?.step),
    ...(trace.crash ? { crash: trace.crash } : {}),
    ...(drift.length > 0 ? { drift } : {}),
    ...outcome,
  };
}
