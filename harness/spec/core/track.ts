// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep, Step } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
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
}

/** States that are followed at once. A sequential program rarely has two. */
export const MAX_STATES = 64;

interface Walk {
  readonly book: RuleBook;
  readonly world: World;
  count: number;
  violation?: Violation;
  unspecified: number[];
  bounded: boolean;
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
  const walk: Walk = { book, world, count: 0, unspecified: [], bounded: false };
  const states = follow(walk, start, steps, results);
  const { violation, unspecified, bounded } = walk;
  return { states, unspecified, bounded, ...(violation && { violation }) };
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
    if (result?.state !== 'done' || result.trouble !== undefined) return states;
    states =
      planned.step.verb === 'fork'
        ? inChild(walk, states, planned.step.steps, result)
        : one(walk, states, planned, result, number);
    if (walk.violation) return states;
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
  if (fitting.length > MAX_STATES) walk.bounded = true;
  return fitting.slice(0, MAX_STATES).map((outcome) => outcome.next);
}

const possible = (walk: Walk, state: State, step: Step): Outcome[] =>
  outcomes(walk.book, walk.world, state, step);
