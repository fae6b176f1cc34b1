// SPDX-License-Identifier: GPL-2.0-only
import { hasThreads } from '../program/step.js';
import { SMALLEST_PAGE } from '../suite/contexts.js';
import { expandSuite } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import { comparable, contextsOfModel } from '../run/model-contexts.js';
import type { PlacedPoint } from './model-score.js';

/**
 * Every point in every context that it is compared with the model in, the newest dialect first. Points with threads
 * take part for that one only: all orders of their steps are searched each time, and they leave to the model what
 * dialects differ in.
 */
export function pointsOfModel(suites: readonly LoadedSuite[]): PlacedPoint[] {
  const contexts = contextsOfModel()
    .map((c) => ({ ...c, pageSize: SMALLEST_PAGE }))
    .reverse();
  return contexts.flatMap((context) =>
    suites
      .flatMap((suite) => expandSuite(suite, context))
      .filter((point) => comparable(point, context.profile))
      .filter((point) => context === contexts[0] || !hasThreads(point.program))
      .map((point) => ({ point, context })),
  );
}
