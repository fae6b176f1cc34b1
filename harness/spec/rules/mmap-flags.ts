// SPDX-License-Identifier: GPL-2.0-only
import type { Arch } from '../../uapi/arch.js';

/** Bits of MAP_* that are one of several types. */
export const MAP_TYPE = 0xfn;

/** MAP_* (include/uapi/asm-generic/mman-common.h, mman.h). */
export const MAP = {
  SHARED: 1n,
  PRIVATE: 2n,
  SHARED_VALIDATE: 3n,
  DROPPABLE: 8n,
  FIXED: 0x10n,
  ANONYMOUS: 0x20n,
  GROWSDOWN: 0x100n,
  LOCKED: 0x2000n,
  POPULATE: 0x8000n,
  NONBLOCK: 0x1_0000n,
  HUGETLB: 0x4_0000n,
  FIXED_NOREPLACE: 0x10_0000n,
} as const;

/** MAP_32BIT and MAP_ABOVE4G, which x86 alone has. */
const ONLY_X86 = 0xc0n;

/** What MAP_SHARED_VALIDATE takes without asking the file (include/linux/mman.h LEGACY_MAP_MASK). */
export const legacyFlags = (arch: Arch): bigint => 0x7c07_f933n | (arch === 'x86_64' ? ONLY_X86 : 0n);

/** PROT_* */
export const PROT = { READ: 1n, WRITE: 2n, EXEC: 4n } as const;
export const ANY_ACCESS = 7n;

/** Bytes of address space that a process has which asks for no high addresses (DEFAULT_MAP_WINDOW). */
export const addressSpace = (arch: Arch): bigint => (arch === 'x86_64' ? 1n << 47n : 1n << 48n);

/** Bytes of memory of its own that a machine may refuse to promise to a process (mm/util.c __vm_enough_memory). */
export const MUCH_MEMORY = 1n << 28n;
