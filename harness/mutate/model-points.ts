// SPDX-License-Identifier: GPL-2.0-only
import { hasThreads, nestedSteps } from '../program/step.js';
import type { PlannedStep } from '../program/step.js';
import type { VerbName } from '../program/verbs.js';
import { SMALLEST_PAGE } from '../suite/contexts.js';
import { expandSuite } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import { comparable, contextsOfModel } from '../run/model-contexts.js';
import type { PlacedPoint } from './model-score.js';

/**
 * Every point in every context that it is compared with the model in, the newest dialect first. Points with threads
 * take part for the newest one that they hold in: all orders of their steps are searched each time, and they leave to
 * the model what dialects differ in.
 * @param verbs only points that use one of them
 */
export function pointsOfModel(suites: readonly LoadedSuite[], verbs?: ReadonlySet<VerbName>): PlacedPoint[] {
  const contexts = contextsOfModel()
    .map((c) => ({ ...c, pageSize: SMALLEST_PAGE }))
    .reverse();
  const searched = new Set<string>();
  /** Whether a point has no threads, or had no turn so far. */
  const hasTurn = ({ id, program }: TestPoint): boolean => {
    if (!hasThreads(program)) return true;
    const first = !searched.has(id);
    searched.add(id);
    return first;
  };
  return contexts.flatMap((context) =>
    suites
      .flatMap((suite) => expandSuite(suite, context))
      .filter((point) => verbs === undefined || uses(point.program.steps, verbs))
      .filter((point) => comparable(point, context.profile))
      .filter(hasTurn)
      .map((point) => ({ point, context })),
  );
}

const uses = (steps: readonly PlannedStep[], verbs: ReadonlySet<VerbName>): boolean =>
  steps.some(({ step }) => verbs.has(step.verb) || nestedSteps(step).some((inner) => uses(inner, verbs)));
