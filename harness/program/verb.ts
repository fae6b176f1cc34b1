// SPDX-License-Identifier: GPL-2.0-only
import { FD_KINDS, num, oneOf, ref } from './params.js';
import type { Param } from './params.js';

/** One verb of the vocabulary: parameters, what it reports, what it asks of a target. */
export interface Verb {
  about: string;
  params: Readonly<Record<string, Param>>;
  /** Parameter that a bare scalar stands for: `close: gmem`. */
  primary?: string;
  /** Fields that an expectation may name, besides `errno`. */
  reports: readonly string[];
  /** Target features without which the verb cannot run (ids of suites/features.yaml). */
  features?: readonly string[];
  /** May take the kernel down: runs in a guest of our own only. */
  hazard?: true;
}

/* Parameters and reports that several verbs have. */
export const gpa = num('guest physical address, bytes');
export const anyFd = ref('any file descriptor', FD_KINDS);
export const vm = ref('the VM', ['vm'], 'vm');
export const vcpu = ref('the vCPU', ['vcpu'], 'vcpu');
export const map = ref('the mapping', ['map'], 'm');
export const offset = num('byte offset', 0n);
export const state = oneOf('the new state', ['private', 'shared']);
export const width = num('1, 2, 4 or 8 bytes', 8n, [1n, 2n, 4n, 8n]);
export const FAULT = ['fault', 'code', 'at'] as const;
/** The words of an array member of a structure, as they are read back. */
export const RESERVED = Array.from({ length: 11 }, (_, i) => `reserved${i}`);
export const EXIT = ['exit', 'flags', 'gpa', 'size', 'len', 'is_write'] as const;
