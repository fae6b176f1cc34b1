// SPDX-License-Identifier: GPL-2.0-only
import type { Vm } from '../core/objects.js';

/**
 * GUEST_MEMFD_FLAG_MMAP; dialect 1 calls it SUPPORT_SHARED and gives it the same bit
 * (cover.1747264138.git.ackerleytng 04/51).
 */
export const MAPPABLE = 1n;
/** GUEST_MEMFD_FLAG_INIT_SHARED; GUEST_MEMFD_FLAG_INIT_PRIVATE in dialect 1. */
export const INIT = 2n;

/** Whether memory of this VM can be private (arch/x86/kvm/x86.c kvm_arch_has_private_mem). */
export const hasPrivateMemory = (vm: Vm): boolean => ['sw_protected', 'snp', 'tdx'].includes(vm.type);
