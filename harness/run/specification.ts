// SPDX-License-Identifier: GPL-2.0-only
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { START } from '../spec/core/state.js';
import { track } from '../spec/core/track.js';
import type { Tracked } from '../spec/core/track.js';
import { worldOf } from '../spec/core/world.js';
import { RULES } from '../spec/rules/index.js';
import type { Context } from '../suite/scope.js';

/** Follows a trace through the rules of a dialect. */
export type Specification = (program: Program, trace: Trace) => Tracked;

/**
 * The rules of a dialect for one kernel.
 * @param features what it has and has not, by the ids of suites/features.yaml
 */
export function specificationOf(
  { arch, profile, pageSize }: Context,
  features: ReadonlyMap<string, boolean>,
): Specification {
  const world = worldOf(profile, arch, pageSize, features);
  return (program, trace) => track(RULES, world, [START], program.steps, trace.steps);
}
