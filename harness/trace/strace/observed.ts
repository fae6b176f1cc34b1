// SPDX-License-Identifier: GPL-2.0-only
import type { ObjectKind } from '../../program/params.js';
import type { Step } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import type { Sharing } from './births.js';

interface Seen {
  /** The process by the id that the log gives; 0 for the first one where it gives none. */
  readonly pid: number;
  /** `file:line`. */
  readonly where: string;
}

/**
 * Why an argument of a step stands for any value: its name, when the bytes are not in the log; or
 * `order`: calls of other processes ran at the same time; `access`: a load or a store, of any width; `guest`:
 * whatever the guest did.
 */
export type Unknown = string;

/** A call of a foreign program as a step of our vocabulary. */
export interface ObservedStep extends Seen {
  readonly kind: 'step';
  readonly step: Step;
  /** Parameters of the step whose values are placeholders. */
  readonly unknown: readonly Unknown[];
  readonly result: StepResult;
}

/** What a program did, as far as a log tells. */
export type Observed =
  | ObservedStep
  /** A process that another one made; it has all names of its parent. */
  | (Seen & { readonly kind: 'birth'; readonly child: number; readonly sharing: Sharing })
  | (Seen & { readonly kind: 'end' })
  /** execve: the mappings are gone, and these descriptors were closed. */
  | (Seen & { readonly kind: 'exec'; readonly closed: readonly string[] })
  /** An object that exists without a step that made it: its state is not known. */
  | (Seen & { readonly kind: 'adopt'; readonly name: string; readonly of: ObjectKind })
  /** An object of which nothing is known any more, such as a mapping that another one took a part of. */
  | (Seen & { readonly kind: 'lose'; readonly name: string });

/** How much of a log was understood. */
export interface ReadTotals {
  /** Lines of the file. */
  lines: number;
  /** Steps that it gave. */
  steps: number;
  /** Steps with at least one unknown. */
  partly: number;
  /** Calls that no step stands for, by name: of other files, or of no interest. */
  skipped: Map<string, number>;
  /** Calls that had not returned when the log ended. */
  unfinished: number;
}
