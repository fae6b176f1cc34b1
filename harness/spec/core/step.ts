// SPDX-License-Identifier: GPL-2.0-only
import type { Step } from '../../program/step.js';
import type { VerbName } from '../../program/verbs.js';
import { verb } from '../../program/verbs.js';
import { NOTHING } from './outcome.js';
import type { Outcome } from './outcome.js';
import { evaluate, UNSPECIFIED } from './rule.js';
import type { Rule } from './rule.js';
import { handle } from './look.js';
import type { State } from './state.js';
import type { World } from './world.js';

/** The rules of every verb but those that nest steps, which the walk itself interprets. */
export type RuleBook = { readonly [V in VerbName]?: readonly Rule<V>[] };

export { UNSPECIFIED };

/**
 * What a step may do, the likeliest first. Pure: the same arguments give the same outcomes.
 * @returns at least one outcome; one that cites UNSPECIFIED where the rules are silent
 */
export function outcomes(book: RuleBook, world: World, state: State, step: Step): Outcome[] {
  // Step and rules are of one verb, which the type of the table cannot say for all of them at once.
  const rules = book[step.verb] as readonly Rule[] | undefined;
  const found = rules ? evaluate(rules, { step, state, world }) : [];
  return found.length > 0 ? found : [{ rule: UNSPECIFIED, errno: 'any', fields: NOTHING, next: state }];
}

/** The first object that a step names and that no step made, so that it cannot be executed. */
export function missingObject(state: State, step: Step): string | undefined {
  const args = step as unknown as Readonly<Record<string, unknown>>;
  for (const [key, param] of Object.entries(verb(step.verb).params)) {
    if (param.kind !== 'ref' && param.kind !== 'optref') continue;
    const name = args[key];
    if (typeof name === 'string' && !handle(state, name)) return name;
  }
  return undefined;
}
