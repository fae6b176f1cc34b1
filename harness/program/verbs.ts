// SPDX-License-Identifier: GPL-2.0-only
import { FILE_VERBS } from './verbs-file.js';
import { KVM_VERBS } from './verbs-kvm.js';
import { MEMORY_VERBS } from './verbs-memory.js';
import { PROCESS_VERBS } from './verbs-process.js';
import { VCPU_VERBS } from './verbs-vcpu.js';
import type { Verb } from './verb.js';

export type { Verb } from './verb.js';

/** The closed set of verbs. suites/schema.json, the loader, the lint and the lowering all follow this table. */
export const VERBS = {
  ...KVM_VERBS,
  ...MEMORY_VERBS,
  ...FILE_VERBS,
  ...PROCESS_VERBS,
  ...VCPU_VERBS,
} as const satisfies Readonly<Record<string, Verb>>;

export type VerbName = keyof typeof VERBS;
export const VERB_NAMES = Object.keys(VERBS) as VerbName[];

/** The record of a verb, widened for code that treats all verbs alike. */
export function verb(name: VerbName): Verb {
  return VERBS[name];
}
