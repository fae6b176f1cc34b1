// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import { Fingerprints } from './fingerprint.js';
import type { Outcome } from './outcome.js';
import type { State } from './state.js';
import { outcomes, UNSPECIFIED } from './step.js';
import type { RuleBook } from './step.js';
import type { World } from './world.js';

/** Steps of one thread, with what is known of them: what they did, or where they stand among the others. */
export type Thread<R = StepResult> = readonly { readonly planned: PlannedStep; readonly result: R }[];

/** Whether an outcome is one that a step of a thread may have had. */
export type Fits<R> = (outcome: Outcome, step: { planned: PlannedStep; result: R }) => boolean;

/** What orders steps: one that had ended before another began. */
type Timed = Pick<StepResult, 'span'>;

/** Where the longest order that explains anything ends: no next step of any thread is allowed there. */
export interface Stuck<R = StepResult> {
  /** Steps explained of each thread. */
  readonly explained: readonly number[];
  /** The steps that could have come next, what each did and what it was allowed. */
  readonly next: readonly {
    readonly thread: number;
    readonly planned: PlannedStep;
    readonly result: R;
    readonly allowed: readonly Outcome[];
  }[];
}

export interface Interleaved<R = StepResult> {
  /** States that some order of all the steps ends in; empty when no order explains them. */
  readonly states: readonly State[];
  /** Set when the search gave up: what was found until then is true, that nothing was found says nothing. */
  readonly exhausted?: true;
  /** Set when no order explains the steps. */
  readonly stuck?: Stuck<R>;
  /** The rules are silent about some step, which anything explains. */
  readonly unspecified: boolean;
  /** Steps that were tried in some state. */
  readonly tried: number;
}

/** Steps tried in some state before the search gives up. Four threads of four steps need some thousands. */
export const MAX_TRIED = 200_000;

/** States of one set of finished steps, by fingerprint. */
type Layer = Map<string, { at: readonly number[]; states: Map<number, State> }>;

/**
 * Search for orders of the steps of several threads that the rules allow: linearizability. All orders are
 * followed at once, one step further each time; those that come to the same state with the same steps done are
 * one. A step may come next unless another that is still to come had ended before it began.
 * @param fits what was seen, or what somebody expects
 * @param max steps to try before giving up
 */
export function interleave<R extends Timed>(
  book: RuleBook,
  world: World,
  start: readonly State[],
  threads: readonly Thread<R>[],
  fits: Fits<R>,
  max = MAX_TRIED,
): Interleaved<R> {
  const prints = new Fingerprints();
  const racing: World = { ...world, concurrent: true };
  let layer: Layer = new Map();
  add(
    layer,
    prints,
    threads.map(() => 0),
    start,
  );
  let tried = 0;
  let unspecified = false;
  for (let left = threads.reduce((sum, t) => sum + t.length, 0); left > 0; left--) {
    const following: Layer = new Map();
    for (const { at, states } of layer.values()) {
      for (const n of candidates(threads, at)) {
        const step = threads[n]?.[at[n] ?? 0];
        if (!step) continue;
        const next: State[] = [];
        for (const state of states.values()) {
          if (++tried > max) return { states: [], exhausted: true, unspecified, tried };
          for (const outcome of outcomes(book, racing, state, step.planned.step)) {
            if (!fits(outcome, step)) continue;
            unspecified ||= outcome.rule === UNSPECIFIED;
            next.push(outcome.next);
          }
        }
        if (next.length > 0)
          add(
            following,
            prints,
            at.map((done, i) => (i === n ? done + 1 : done)),
            next,
          );
      }
    }
    if (following.size === 0)
      return { states: [], stuck: stuckAt(book, racing, layer, threads), unspecified, tried };
    layer = following;
  }
  const states = [...layer.values()].flatMap((node) => [...node.states.values()]);
  return { states, unspecified, tried };
}

function add(layer: Layer, prints: Fingerprints, at: readonly number[], states: readonly State[]): void {
  const key = at.join(' ');
  const node = layer.get(key) ?? { at, states: new Map<number, State>() };
  for (const state of states) node.states.set(prints.of(state), state);
  layer.set(key, node);
}

/** Threads whose next step may come next: none that is still to come had ended before it began. */
function candidates(threads: readonly Thread<Timed>[], at: readonly number[]): number[] {
  const waiting = threads.map((thread, n) => thread[at[n] ?? 0]);
  return waiting.flatMap((step, n) => {
    if (!step) return [];
    const begun = step.result.span?.start;
    const before = waiting.some((other, m) => {
      const end = other?.result.span?.end;
      return m !== n && begun !== undefined && end !== undefined && end < begun;
    });
    return before ? [] : [n];
  });
}

function stuckAt<R extends Timed>(
  book: RuleBook,
  world: World,
  layer: Layer,
  threads: readonly Thread<R>[],
): Stuck<R> {
  const [node] = layer.values();
  const at = node?.at ?? [];
  const next = candidates(threads, at).flatMap((thread) => {
    const step = threads[thread]?.[at[thread] ?? 0];
    if (!step || !node) return [];
    const allowed = [...node.states.values()].flatMap((s) => outcomes(book, world, s, step.planned.step));
    return [{ thread, planned: step.planned, result: step.result, allowed }];
  });
  return { explained: at, next };
}
