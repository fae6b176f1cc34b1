// SPDX-License-Identifier: GPL-2.0-only
import { ARCH_CONSTANTS, CONSTANTS } from '../../uapi/constants.js';

/** Names that strace prints and that no case needs (asm-generic/fcntl.h, linux/sched.h, asm-generic/mman.h). */
const MORE: Readonly<Record<string, bigint>> = {
  NULL: 0n,
  AT_FDCWD: -100n,
  AT_EMPTY_PATH: 0x1000n,
  O_CLOEXEC: 0o2000000n,
  F_DUPFD: 0n,
  F_SETFD: 2n,
  F_DUPFD_CLOEXEC: 1030n,
  CLOSE_RANGE_UNSHARE: 2n,
  CLOSE_RANGE_CLOEXEC: 4n,
  MAP_DENYWRITE: 0x800n,
  MAP_STACK: 0x20000n,
  MAP_NONBLOCK: 0x10000n,
  MAP_FIXED_NOREPLACE: 0x100000n,
  MREMAP_FIXED: 2n,
  CLONE_VM: 0x100n,
  CLONE_FS: 0x200n,
  CLONE_FILES: 0x400n,
  CLONE_SIGHAND: 0x800n,
  CLONE_PIDFD: 0x1000n,
  CLONE_PTRACE: 0x2000n,
  CLONE_VFORK: 0x4000n,
  CLONE_PARENT: 0x8000n,
  CLONE_THREAD: 0x10000n,
  CLONE_NEWNS: 0x20000n,
  CLONE_SYSVSEM: 0x40000n,
  CLONE_SETTLS: 0x80000n,
  CLONE_PARENT_SETTID: 0x100000n,
  CLONE_CHILD_CLEARTID: 0x200000n,
  CLONE_DETACHED: 0x400000n,
  CLONE_UNTRACED: 0x800000n,
  CLONE_CHILD_SETTID: 0x1000000n,
  CLONE_CLEAR_SIGHAND: 0x1_0000_0000n,
  SIGCHLD: 17n,
  SIGBUS: 7n,
  SIGSEGV: 11n,
  SOL_SOCKET: 1n,
  SCM_RIGHTS: 1n,
  _IOC_NONE: 0n,
  _IOC_WRITE: 1n,
  _IOC_READ: 2n,
};

/** The value of a name in a log; undefined when it is not known. Names that differ by architecture are those of x86_64. */
export function symbolValue(name: string): bigint | undefined {
  for (const table of [CONSTANTS, MORE, ARCH_CONSTANTS.x86_64])
    if (Object.hasOwn(table, name)) return table[name];
  return undefined;
}
