// SPDX-License-Identifier: GPL-2.0-only
import type { CrashReport } from './crash.js';
import type { Step } from './step.js';

/** How an access was refused. `refused`: the target saw EFAULT on our behalf and no signal. */
export interface Fault {
  signal: 'SIGBUS' | 'SIGSEGV' | 'refused';
  /** si_code; undefined for `refused`. */
  code?: bigint;
  /** Fault address relative to the start of the mapping, bytes; undefined for `refused`. */
  at?: bigint;
}

/** What one step did. */
export interface StepResult {
  /** `in-flight`: running when the program or the guest ended; `dependency`: an object it names was not made. */
  state: 'done' | 'not-run' | 'in-flight' | 'dependency';
  /** Name of the errno of the call the step is about, `0` when it succeeded. */
  errno: string;
  /** Out fields by name, as the verb reports them. */
  fields: Readonly<Record<string, bigint>>;
  fault?: Fault;
  /**
   * Something went wrong that says nothing about what the step is for: a set-up call failed, or the watchdog
   * had to end the call. One line.
   */
  trouble?: string;
  /** strace-like rendering of every call. */
  calls: readonly string[];
  durationNs: bigint;
  /** Results of nested steps (fork). */
  children: readonly StepResult[];
  /** Results of the steps of each thread (parallel). */
  threads?: readonly (readonly StepResult[])[];
  /**
   * Of a step that ran in a thread: moments before and after all that it did, by one count of the block. A step ended
   * before another began exactly when the end of the one is below the start of the other.
   */
  span?: { start: bigint; end: bigint };
}

/** The results within a result, in the same lists as {@link nestedSteps}. */
export function nestedResults(
  step: Step,
  result: StepResult | undefined,
): readonly (readonly StepResult[])[] {
  if (step.verb === 'fork') return [result?.children ?? []];
  return step.verb === 'parallel' ? (result?.threads ?? []) : [];
}

/** What a program did. */
export interface Trace {
  steps: readonly StepResult[];
  /** The program as a whole did not complete: killed at its limit, or its process died. */
  cut?: string;
  /** The kernel crashed, hung or complained while it ran. */
  crash?: CrashReport;
}
