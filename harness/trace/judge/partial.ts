// SPDX-License-Identifier: GPL-2.0-only
/** What the rules allow for a step of which not everything is known. */
import type { Step } from '../../program/step.js';
import type { Gmem, Vm } from '../../spec/core/objects.js';
import { NOTHING } from '../../spec/core/outcome.js';
import type { Outcome } from '../../spec/core/outcome.js';
import { outcomeOf } from '../../spec/core/rule.js';
import type { Rule, View } from '../../spec/core/rule.js';
import type { State } from '../../spec/core/state.js';
import { UNSPECIFIED } from '../../spec/core/step.js';
import type { RuleBook } from '../../spec/core/step.js';
import type { World } from '../../spec/core/world.js';

/** Thrown where a rule looks at what is not known. */
class NotKnown extends Error {
  override name = 'NotKnown';
}

/** An object of which only some members are known; to look at any other is to learn that it is not. */
function masked<T extends object>(object: T, isKnown: (member: string) => boolean): T {
  const refuse = (): never => {
    throw new NotKnown();
  };
  return new Proxy(object, {
    get: (target, member) =>
      typeof member === 'string' && isKnown(member) ? Reflect.get(target, member) : refuse(),
    // A copy of it would need all of it.
    ownKeys: refuse,
  });
}

/** A guest_memfd of which no more is known than whose it is. */
export const maskedGmem = (gmem: Pick<Gmem, 'vm'>): Gmem => masked(gmem as Gmem, (m) => m === 'vm');
/** A VM of which no more is known than who made it and, unless that is unknown too, its type. */
export const maskedVm = (vm: Pick<Vm, 'mm' | 'type'>, typeIsKnown = true): Vm =>
  masked(vm as Vm, (m) => m === 'mm' || (typeIsKnown && m === 'type'));

/** The state without what is known of VMs and their files: something changed them that the log does not show. */
export function maskAll(state: State): State {
  return {
    ...state,
    gmems: new Map([...state.gmems].map(([id, gmem]) => [id, maskedGmem(gmem)])),
    vms: new Map([...state.vms].map(([id, vm]) => [id, maskedVm(vm)])),
  };
}

/** An outcome whose state may be unknown. */
export type Possible = Omit<Outcome, 'next'> & { readonly next?: State };

/**
 * What any values of the unknown parameters would allow. A rule that looks at one of them may apply or not: its
 * outcome is possible, and so are those of the rules after it.
 */
export function possible(
  book: RuleBook,
  world: World,
  state: State,
  step: Step,
  unknown: readonly string[],
): Possible[] {
  const rules = (book[step.verb] ?? []) as readonly Rule[];
  const shown = unknown.length === 0 ? step : masked(step, (m) => !unknown.includes(m));
  const view: View = { step: shown, state, world };
  const all: Possible[] = [];
  for (const rule of rules) {
    const applies = tried(() => rule.when(view));
    if (applies === false) continue;
    all.push(outcome(rule, view));
    if (applies === true && rule.final) return all;
  }
  // All rules may have been passed over, and then the model says nothing. The evaluation of known steps treats a
  // list of possibilities without a final rule as complete.
  const sure = all.length > 0 && unknownNowhere(rules, view);
  return sure ? all : [...all, { rule: UNSPECIFIED, errno: 'any', fields: NOTHING, next: state }];
}

/** Whether every rule's condition can be told. */
const unknownNowhere = (rules: readonly Rule[], view: View): boolean =>
  rules.every((rule) => tried(() => rule.when(view)) !== undefined);

function outcome(rule: Rule, view: View): Possible {
  const whole = tried(() => outcomeOf(rule, view));
  if (whole !== undefined) return whole;
  const fields = tried(() => rule.report(view)) ?? NOTHING;
  return { rule: rule.id, errno: rule.errno, fields, ...(rule.effects.length === 0 && { next: view.state }) };
}

/** @returns undefined when the answer depends on something unknown */
function tried<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof NotKnown) return undefined;
    throw error;
  }
}
