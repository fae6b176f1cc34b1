// SPDX-License-Identifier: GPL-2.0-only
/** A request of KVM_SET_MEMORY_ATTRIBUTES2 that changes nothing, and by whose answer dialects differ. */
export interface ConversionRequest {
  /** In words, for reasons. */
  about: string;
  /** VM whose guest_memfd is asked: all of it private on one with private memory, shared on a default VM. */
  vm: 'private' | 'default';
  attributes: bigint;
  flags: bigint;
  errorOffset: bigint;
}

const PRIVATE = 8n;
const same = { vm: 'private', attributes: PRIVATE, flags: 0n, errorOffset: 0n } as const;

/** What the functional probe asks of kernels with that command. */
export const CONVERSION_REQUESTS = {
  plain: { ...same, about: 'a request for what is so already' },
  errorOffset: { ...same, about: 'error_offset 1 on input', errorOffset: 1n },
  zero: { ...same, about: 'content flag ZERO (1)', flags: 1n },
  preserve: { ...same, about: 'content flag PRESERVE (2)', flags: 2n },
  defaultVm: { ...same, about: 'attributes 0 on a default VM', vm: 'default', attributes: 0n },
} as const satisfies Readonly<Record<string, ConversionRequest>>;

export type RequestName = keyof typeof CONVERSION_REQUESTS;
export const REQUEST_NAMES = Object.keys(CONVERSION_REQUESTS) as RequestName[];
