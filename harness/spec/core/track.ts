// SPDX-License-Identifier: GPL-2.0-only
import { nestedSteps } from '../../program/step.js';
import type { PlannedStep, Step } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import { Fingerprints } from './fingerprint.js';
import { interleave } from './interleave.js';
import type { Stuck } from './interleave.js';
import { isOutcome } from './match.js';
import type { Outcome } from './outcome.js';
import { ended, forked } from './process.js';
import type { State } from './state.js';
import { outcomes } from './step.js';
import type { RuleBook } from './step.js';
import type { World } from './world.js';

/** The first step of a trace that no rule allows. */
export interface Violation {
  /** Counted from 1 through nested steps, as mismatches are. */
  readonly step: number;
  readonly planned: PlannedStep;
  readonly seen: StepResult;
  /** What would have been allowed, in any state that the steps before may have left. */
  readonly allowed: readonly Outcome[];
  /** Of steps that ran at the same time: where the longest order that explains anything ends. */
  readonly stuck?: Stuck;
}

/** What the model makes of a trace. */
export interface Tracked {
  readonly violation?: Violation;
  /** States that explain everything up to the end, or up to the violation. */
  readonly states: readonly State[];
  /** Steps of which the model knows nothing, by number. */
  readonly unspecified: readonly number[];
  /** More states explained a step than are followed; those beyond were dropped. */
  readonly bounded: boolean;
  /** Steps that ran at the same time were followed: what came of them depends on an order that no case knows. */
  readonly threads?: true;
  /** The search for an order of steps that ran at the same time was given up: what follows was not judged. */
  readonly exhausted?: true;
}

/** States that are followed at once. A sequential program rarely has two. */
export const MAX_STATES = 64;

interface Walk {
  readonly book: RuleBook;
  readonly world: World;
  readonly prints: Fingerprints;
  count: number;
  /** A step was not executed, in whatever process, or came to trouble: what followed is not judged. */
  stopped: boolean;
  violation?: Violation;
  unspecified: number[];
  bounded: boolean;
  exhausted?: true;
  threads?: true;
}

/**
 * Follow a trace through the model, keeping every state that explains it. Steps that were not executed, and
 * all after them, are not judged: that they are missing is for the caller to notice.
 */
export function track(
  book: RuleBook,
  world: World,
  start: readonly State[],
  steps: readonly PlannedStep[],
  results: readonly StepResult[],
): Tracked {
  const walk: Walk = {
    book,
    world,
    prints: new Fingerprints(),
    count: 0,
    stopped: false,
    unspecified: [],
    bounded: false,
  };
  const states = follow(walk, start, steps, results);
  const { violation, unspecified, bounded, exhausted, threads } = walk;
  return {
    states,
    unspecified,
    bounded,
    ...(violation && { violation }),
    ...(exhausted && { exhausted }),
    ...(threads && { threads }),
  };
}

function follow(
  walk: Walk,
  start: readonly State[],
  steps: readonly PlannedStep[],
  results: readonly StepResult[],
): readonly State[] {
  let states = start;
  for (const [i, planned] of steps.entries()) {
    const number = ++walk.count;
    const result = results[i];
    if (result?.state !== 'done' || result.trouble !== undefined) {
      walk.stopped = true;
      return states;
    }
    if (planned.step.verb === 'fork') states = inChild(walk, states, planned.step.steps, result);
    else if (planned.step.verb === 'parallel') states = together(walk, states, planned, result, number);
    else states = one(walk, states, planned, result, number);
    if (walk.violation || walk.exhausted || walk.stopped) return states;
  }
  return states;
}

function inChild(
  walk: Walk,
  states: readonly State[],
  steps: readonly PlannedStep[],
  result: StepResult,
): readonly State[] {
  const parent = states[0]?.running;
  if (parent === undefined) return states;
  const after = follow(walk, states.map(forked), steps, result.children);
  return after.map((state) => ended(state, parent));
}

/** Every state that some order of the steps of all threads may have left. */
function together(
  walk: Walk,
  states: readonly State[],
  planned: PlannedStep,
  result: StepResult,
  number: number,
): readonly State[] {
  walk.threads = true;
  const plans = nestedSteps(planned.step);
  walk.count += plans.reduce((sum, steps) => sum + steps.length, 0);
  const results = result.threads ?? [];
  const threads = plans.map((steps, t) =>
    steps.flatMap((step, i) => {
      const r = results[t]?.[i];
      return r ? [{ planned: step, result: r }] : [];
    }),
  );
  const found = interleave(walk.book, walk.world, states, threads, (outcome, s) =>
    isOutcome(outcome, s.result),
  );
  if (found.unspecified) walk.unspecified.push(number);
  if (found.exhausted) walk.exhausted = true;
  const { stuck } = found;
  if (stuck) {
    const allowed = stuck.next.flatMap((n) => n.allowed);
    walk.violation = { step: number, planned, seen: result, allowed, stuck };
  }
  return stuck || found.exhausted ? states : kept(walk, found.states);
}

function one(
  walk: Walk,
  states: readonly State[],
  planned: PlannedStep,
  result: StepResult,
  number: number,
): readonly State[] {
  const all = states.flatMap((state) => possible(walk, state, planned.step));
  const fitting = all.filter((outcome) => isOutcome(outcome, result));
  if (fitting.some((o) => o.errno === 'any')) walk.unspecified.push(number);
  if (fitting.length === 0) {
    walk.violation = { step: number, planned, seen: result, allowed: all };
    return states;
  }
  const next = fitting.map((outcome) => outcome.next);
  return kept(walk, walk.threads && next.length > 1 ? distinct(walk.prints, next) : next);
}

/** States that threads left apart and a later step made one again. */
function distinct(prints: Fingerprints, states: readonly State[]): readonly State[] {
  return [...new Map(states.map((state) => [prints.of(state), state])).values()];
}

function kept(walk: Walk, states: readonly State[]): readonly State[] {
  if (states.length > MAX_STATES) walk.bounded = true;
  return states.slice(0, MAX_STATES);
}

const possible = (walk: Walk, state: State, step: Step): Outcome[] =>
  outcomes(walk.book, walk.world, state, step);
