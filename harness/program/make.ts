// SPDX-License-Identifier: GPL-2.0-only
import type { Expect, PlannedStep, Program, Step, StepOf } from './step.js';
import { verb } from './verbs.js';
import type { VerbName } from './verbs.js';

/** Arguments of a verb; those that have a default may be left out. */
export type Args<V extends VerbName> = Partial<Omit<StepOf<V>, 'verb'>>;

/**
 * A step made by code instead of a suite file, for probes and tests.
 * @throws RangeError when an argument without a default is missing
 */
export function step<V extends VerbName>(
  name: V,
  args: Args<V>,
  expect: Expect = { fields: {} },
): PlannedStep {
  const given = args as Readonly<Record<string, unknown>>;
  const all: Record<string, unknown> = { verb: name };
  for (const [key, param] of Object.entries(verb(name).params)) {
    const fallback =
      param.kind === 'nums' || param.kind === 'steps' || param.kind === 'threads'
        ? []
        : 'default' in param
          ? param.default
          : undefined;
    const value = given[key] ?? fallback;
    if (value === undefined && param.kind !== 'optnum' && param.kind !== 'optref') {
      throw new RangeError(`${name} needs '${key}'`);
    }
    all[key] = value;
  }
  return { step: all as unknown as Step, expect, where: 'probe' };
}

/** A program made by code. */
export function program(id: string, ...steps: PlannedStep[]): Program {
  return { id, steps };
}
