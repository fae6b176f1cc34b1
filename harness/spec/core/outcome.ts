// SPDX-License-Identifier: GPL-2.0-only
import type { State } from './state.js';

/** What an out field may be: one value, one of several, or anything at all. */
export type Allowed = bigint | readonly bigint[] | 'any';

/** How an access is refused by a signal. A target that cannot see signals reports a refusal instead. */
export interface AllowedFault {
  readonly signal: 'SIGBUS' | 'SIGSEGV';
  /** si_code. */
  readonly code: bigint;
  /** Fault address relative to the start of the mapping, bytes. */
  readonly at: bigint;
}

/** One thing that a step may do. */
export interface Outcome {
  /** Id of suites/rules.yaml. */
  readonly rule: string;
  /** Name of an errno, `0` for success, `any` where the contract says nothing. */
  readonly errno: string;
  /** Out fields. A field that is not here is not reported, or nothing is known of it. */
  readonly fields: Readonly<Record<string, Allowed>>;
  readonly fault?: AllowedFault;
  /** The state afterwards. */
  readonly next: State;
}

/** What a rule reports besides its errno. */
export type Report = Readonly<Record<string, Allowed>>;
export const NOTHING: Report = {};
