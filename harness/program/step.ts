// SPDX-License-Identifier: GPL-2.0-only
import type { ValueOf } from './params.js';
import type { VERBS, VerbName } from './verbs.js';

type StepFor<V extends VerbName> = {
  readonly verb: V;
} & {
  readonly [P in keyof (typeof VERBS)[V]['params']]: ValueOf<(typeof VERBS)[V]['params'][P], PlannedStep>;
};

/** A step with all its arguments resolved: numbers are bigint, objects are names. */
export type Step = { [V in VerbName]: StepFor<V> }[VerbName];
export type StepOf<V extends VerbName> = Extract<Step, { verb: V }>;

/**
 * What a step must report. `errno` is a name, `0` for success; fields are those the verb reports. A step
 * without an expectation must succeed.
 */
export interface Expect {
  errno?: string;
  fault?: 'SIGBUS' | 'SIGSEGV' | 'none';
  fields: Readonly<Record<string, bigint>>;
  /** Any of these, and nothing else here: where threads raced, an outcome may depend on which came first. */
  oneOf?: readonly Expect[];
  /** Nothing is expected of a step of a thread: the specification alone judges it. */
  any?: true;
}

/** The steps within a step, one list for each process or thread that runs them. */
export function nestedSteps(step: Step): readonly (readonly PlannedStep[])[] {
  if (step.verb === 'fork') return [step.steps];
  return step.verb === 'parallel' ? step.threads : [];
}

/** Blocks of a program in which steps run at the same time: one run of such a block says little. */
export function parallelBlocks({ steps }: Program): number {
  return steps.filter(({ step }) => step.verb === 'parallel').length;
}

export const hasThreads = (program: Program): boolean => parallelBlocks(program) > 0;

/** A step in its place: what it must do and where it was written (`suites/x.yaml:12:5`). */
export interface PlannedStep {
  readonly step: Step;
  readonly expect: Expect;
  readonly where: string;
}

/** The one currency: typed steps on kernel objects. */
export interface Program {
  readonly id: string;
  readonly steps: readonly PlannedStep[];
}
