// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../../program/step.js';
import type { VerbName } from '../../program/verbs.js';
import { NOTHING } from './outcome.js';
import type { AllowedFault, Outcome, Report } from './outcome.js';
import type { State } from './state.js';
import type { World } from './world.js';

/** What a rule looks at. */
export interface View<V extends VerbName = VerbName> {
  readonly step: StepOf<V>;
  readonly state: State;
  readonly world: World;
}

/**
 * One rule of a verb. The rules of a verb are looked at in the order of the kernel's checks; the first `final`
 * one that applies ends it. One that is not final adds a possibility and lets the rest go on: whether the
 * allocation fails, whether another CPU holds the page in that moment.
 */
export interface Rule<V extends VerbName = VerbName> {
  readonly id: string;
  readonly final: boolean;
  readonly errno: string;
  when(view: View<V>): boolean;
  report(view: View<V>): Report;
  fault?(view: View<V>): AllowedFault;
  /** What changes, in this order; each cites the rule that demands it. */
  readonly effects: readonly Effect<V>[];
}

/** One change of the state, which a rule demands. */
export interface Effect<V extends VerbName = VerbName> {
  readonly id: string;
  apply(view: View<V>): State;
}

type Condition<V extends VerbName> = (view: View<V>) => boolean;

interface Extra<V extends VerbName> {
  report?: (view: View<V>) => Report;
  effects?: readonly Effect<V>[];
}

const none = (): Report => NOTHING;

/** The step fails with `errno` when the condition holds. Nothing changes unless effects say so. */
export function refuse<V extends VerbName>(
  id: string,
  errno: string,
  when: Condition<V>,
  extra: Extra<V> = {},
): Rule<V> {
  return { id, final: true, errno, when, report: extra.report ?? none, effects: extra.effects ?? [] };
}

/** The step may fail with `errno` when the condition holds, and may as well go on. */
export function mayRefuse<V extends VerbName>(
  id: string,
  errno: string,
  when: Condition<V>,
  extra: Extra<V> = {},
): Rule<V> {
  return { ...refuse(id, errno, when, extra), final: false };
}

/** The access ends in a signal when the condition holds. */
export function signal<V extends VerbName>(
  id: string,
  when: Condition<V>,
  fault: (view: View<V>) => AllowedFault,
  effects: readonly Effect<V>[] = [],
): Rule<V> {
  return { ...refuse(id, 'EFAULT', when, { effects }), fault };
}

/** The step succeeds when the condition holds. */
export function succeed<V extends VerbName>(id: string, when: Condition<V>, extra: Extra<V> = {}): Rule<V> {
  return refuse(id, '0', when, extra);
}

/** The step may succeed in this way, or in one of those that follow. */
export function maySucceed<V extends VerbName>(
  id: string,
  when: Condition<V>,
  extra: Extra<V> = {},
): Rule<V> {
  return mayRefuse(id, '0', when, extra);
}

/** The same rules, looked at only where a condition holds. */
export function provided<V extends VerbName>(
  condition: Condition<V>,
  rules: readonly Rule<V>[],
): readonly Rule<V>[] {
  return rules.map((rule) => ({ ...rule, when: (view) => condition(view) && rule.when(view) }));
}

/** One change of the state; `apply` sees the state that the effects before it left. */
export function effect<V extends VerbName>(id: string, apply: (view: View<V>) => State): Effect<V> {
  return { id, apply };
}

/** Cited where no rule says what happens: everything is allowed, and nothing is known to have changed. */
export const UNSPECIFIED = 'model.unspecified';

/** The model says nothing of the step when the condition holds, and looks at no further rule. */
export function silent<V extends VerbName>(when: Condition<V>): Rule<V> {
  return refuse(UNSPECIFIED, 'any', when);
}

/** A condition that always holds, for the last rule of a verb. */
export const always = (): boolean => true;

/** What a rule that applies makes of a step. */
export function outcomeOf<V extends VerbName>(rule: Rule<V>, view: View<V>): Outcome {
  let { state } = view;
  for (const e of rule.effects) state = e.apply({ ...view, state });
  const fault = rule.fault?.(view);
  return {
    rule: rule.id,
    errno: rule.errno,
    fields: rule.report(view),
    next: state,
    ...(fault && { fault }),
  };
}

/**
 * The outcomes that the rules of a verb allow; empty when none applies, which is a gap of the model.
 * An argument: rules in the order of the checks.
 */
export function evaluate<V extends VerbName>(rules: readonly Rule<V>[], view: View<V>): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const rule of rules) {
    if (!rule.when(view)) continue;
    outcomes.push(outcomeOf(rule, view));
    if (rule.final) break;
  }
  return outcomes;
}
