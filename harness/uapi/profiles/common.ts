// SPDX-License-Identifier: GPL-2.0-only
import { ioc } from '../ioctl.js';

/** The commands of the dialects; they collide with nothing, so all profiles know all of them. */
export const KVM_SET_MEMORY_ATTRIBUTES2 = ioc('readwrite', 0xae, 0xd2, 128);
/** RFC v1 of the series (2025-10, dialect 2), of which no kernel is known to us. */
export const KVM_SET_MEMORY_ATTRIBUTES2_RFC1 = ioc('readwrite', 0xae, 0xd6, 64);
export const KVM_GMEM_CONVERT_SHARED = ioc('readwrite', 0xaf, 0x41, 64);
export const KVM_GMEM_CONVERT_PRIVATE = ioc('readwrite', 0xaf, 0x42, 64);

/**
 * Flags of KVM_CREATE_GUEST_MEMFD for a mappable file by its first state, under one name in all dialects:
 * as its VM has it, shared, private. From D3 on MMAP (1) and INIT_SHARED (2), as in Linux 7.3.
 */
export const GMEM_FLAGS = { GMEM_MMAP: 1n, GMEM_SHARED: 3n, GMEM_PRIVATE: 1n } as const;

/** Content flags of D4 and D5; no flag leaves contents unspecified. */
export const CONTENT_FLAGS = { CONTENT_ZERO: 1n, CONTENT_PRESERVE: 2n } as const;
