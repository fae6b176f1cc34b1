// SPDX-License-Identifier: GPL-2.0-only
import type { Step } from '../../program/step.js';
import type { VerbName } from '../../program/verbs.js';
import { verb, VERB_NAMES } from '../../program/verbs.js';
import { NOTHING } from './outcome.js';
import type { Outcome } from './outcome.js';
import { evaluate, UNSPECIFIED } from './rule.js';
import type { Rule } from './rule.js';
import { handle } from './look.js';
import { self, without, withSelf } from './state.js';
import type { State } from './state.js';
import type { World } from './world.js';

/** The rules of every verb but those that nest steps, which the walk itself interprets. */
export type RuleBook = { readonly [V in VerbName]?: readonly Rule<V>[] };

export { UNSPECIFIED };

/** Parameters of a verb that name objects: those that exist, and the one that it makes. */
interface Names {
  readonly used: readonly string[];
  readonly made?: string;
}

const NAMES = new Map<VerbName, Names>(
  VERB_NAMES.map((name) => {
    const params = Object.entries(verb(name).params);
    const of = (...kinds: readonly string[]): string[] =>
      params.filter(([, { kind }]) => kinds.includes(kind)).map(([key]) => key);
    const [made] = of('new');
    return [name, { used: of('ref', 'optref'), ...(made !== undefined && { made }) }];
  }),
);

const argument = (step: Step, key: string): unknown =>
  (step as unknown as Readonly<Record<string, unknown>>)[key];

/**
 * What a step may do, the likeliest first. Pure: the same arguments give the same outcomes. A name that was to
 * stand for a new object stands for nothing when there is none, whatever it stood for before.
 * @returns at least one outcome; one that cites UNSPECIFIED where the rules are silent, or where a step names
 *   an object of which the model knows nothing
 */
export function outcomes(book: RuleBook, world: World, state: State, step: Step): Outcome[] {
  // Step and rules are of one verb, which the type of the table cannot say for all of them at once.
  const rules = book[step.verb] as readonly Rule[] | undefined;
  const found =
    rules && missingObject(state, step) === undefined ? evaluate(rules, { step, state, world }) : [];
  const made = NAMES.get(step.verb)?.made;
  const name = made === undefined ? undefined : argument(step, made);
  if (found.length === 0) {
    return [{ rule: UNSPECIFIED, errno: 'any', fields: NOTHING, next: unnamed(state, name) }];
  }
  if (name === undefined) return found;
  return found.map((o) => (o.errno === '0' ? o : { ...o, next: unnamed(o.next, name) }));
}

function unnamed(state: State, name: unknown): State {
  if (typeof name !== 'string' || !handle(state, name)) return state;
  return withSelf(state, { names: without(self(state).names, name) });
}

/** The first object that a step names and that no step made, so that it cannot be executed. */
export function missingObject(state: State, step: Step): string | undefined {
  for (const key of NAMES.get(step.verb)?.used ?? []) {
    const name = argument(step, key);
    if (typeof name === 'string' && !handle(state, name)) return name;
  }
  return undefined;
}
