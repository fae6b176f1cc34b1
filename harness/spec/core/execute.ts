// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep } from '../../program/step.js';
import type { StepResult, Trace } from '../../program/trace.js';
import type { Allowed, Outcome } from './outcome.js';
import { ended, forked } from './process.js';
import { START } from './state.js';
import type { State } from './state.js';
import { missingObject, outcomes } from './step.js';
import type { RuleBook } from './step.js';
import type { World } from './world.js';

/** Which of several outcomes a run takes; the first is the likeliest. */
export type Choose = (outcomes: readonly [Outcome, ...Outcome[]]) => Outcome;
const likeliest: Choose = ([first]) => first;

/** Run a program on the model: the trace of a kernel that does what the rules say. */
export function execute(
  book: RuleBook,
  world: World,
  steps: readonly PlannedStep[],
  choose: Choose = likeliest,
): Trace {
  return { steps: run({ book, world, choose }, START, steps).results };
}

interface Run {
  book: RuleBook;
  world: World;
  choose: Choose;
}

function run(cx: Run, start: State, steps: readonly PlannedStep[]): { state: State; results: StepResult[] } {
  let state = start;
  const results = steps.map(({ step }): StepResult => {
    if (step.verb === 'fork') {
      const child = run(cx, forked(state), step.steps);
      state = ended(child.state, state.running);
      return { ...DONE, calls: ['model: fork'], children: child.results };
    }
    if (step.verb === 'parallel') {
      // One order of many: thread after thread.
      const threads = step.threads.map((steps) => {
        const thread = run(cx, state, steps);
        ({ state } = thread);
        return thread.results;
      });
      return { ...DONE, calls: ['model: threads, one after the other'], threads };
    }
    const missing = missingObject(state, step);
    if (missing !== undefined)
      return { ...DONE, state: 'dependency', calls: [`model: ${missing} was not made`] };
    const [first, ...rest] = outcomes(cx.book, cx.world, state, step);
    if (!first) return { ...DONE, state: 'not-run' };
    const outcome = cx.choose([first, ...rest]);
    state = outcome.next;
    return resultOf(outcome);
  });
  return { state, results };
}

const DONE: StepResult = { state: 'done', errno: '0', fields: {}, calls: [], durationNs: 0n, children: [] };

/** What a step that had this outcome reports. */
export function resultOf(outcome: Outcome): StepResult {
  const errno = outcome.errno === 'any' ? '0' : outcome.errno;
  const fields = Object.fromEntries(
    Object.entries(outcome.fields).map(([name, allowed]): [string, bigint] => [
      name,
      BigInt.asUintN(64, first(allowed)),
    ]),
  );
  const calls = [`model: ${errno === '0' ? 'success' : errno} by ${outcome.rule}`];
  return { ...DONE, errno, fields, calls, ...(outcome.fault && { fault: outcome.fault }) };
}

const first = (allowed: Allowed): bigint =>
  allowed === 'any' ? 0n : typeof allowed === 'bigint' ? allowed : (allowed[0] ?? 0n);
