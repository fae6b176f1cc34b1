// SPDX-License-Identifier: GPL-2.0-only
import type { GuestPage } from '../core/guest-pages.js';
import { NOTHING } from '../core/outcome.js';
import type { Allowed, Report } from '../core/outcome.js';

/** KVM_EXIT_* (include/uapi/linux/kvm.h). */
export const EXIT = { UNKNOWN: 0n, HYPERCALL: 3n, MMIO: 6n, MEMORY_FAULT: 39n } as const;
/** KVM_MEMORY_EXIT_FLAG_PRIVATE */
export const PRIVATE_FLAG = 8n;

/** KVM_EXIT_MEMORY_FAULT: the page, whole, and the kind of access (kvm_prepare_memory_fault_exit). */
export function memoryFault(page: GuestPage | undefined, flags: Allowed): Report {
  if (!page) return NOTHING;
  const size = BigInt(page.world.pageSize);
  return { exit: EXIT.MEMORY_FAULT, flags, gpa: BigInt(page.frame) * size, size };
}

/** KVM_EXIT_MMIO of an access of eight bytes. */
export const mmio = (gpa: bigint, isWrite: boolean): Report => ({
  exit: EXIT.MMIO,
  gpa: BigInt.asUintN(64, gpa),
  len: 8n,
  is_write: isWrite ? 1n : 0n,
});
