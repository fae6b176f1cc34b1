// SPDX-License-Identifier: GPL-2.0-only
import { nestedSteps } from '../program/step.js';
import type { PlannedStep, Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';

/**
 * The calls of a program that did not pass, as a report shows them. A program with many parallel blocks does the same
 * many times: of those the time that went wrong is shown, from the block before it to the next.
 * @param wrong the first step that went wrong, counted from 1 through nested steps; default: nobody knows
 */
export function callsOf({ steps }: Program, trace: Trace, wrong?: number): string[] {
  const blocks = steps.flatMap(({ step }, i) => (step.verb === 'parallel' ? [i] : []));
  const at = wrong === undefined || blocks.length < 2 ? undefined : indexOf(steps, wrong);
  const before = at === undefined ? [] : blocks.filter((block) => block <= at);
  const shown =
    at === undefined
      ? trace.steps
      : trace.steps.slice(before.at(-2) ?? 0, blocks.find((block) => block > at) ?? trace.steps.length);
  return shown.flatMap(({ calls }) => calls);
}

/** Index of the step with that number, or of the one that it is nested in. */
function indexOf(steps: readonly PlannedStep[], number: number): number | undefined {
  let left = number;
  const index = steps.findIndex(({ step }) => (left -= sizeOf(step)) <= 0);
  return index < 0 ? undefined : index;
}

const sizeOf = (step: PlannedStep['step']): number =>
  nestedSteps(step)
    .flat()
    .reduce((sum, nested) => sum + sizeOf(nested.step), 1);
