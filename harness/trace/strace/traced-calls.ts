// SPDX-License-Identifier: GPL-2.0-only
/**
 * The calls that make steps, or without which descriptors and mappings cannot be followed: the argument of
 * `strace -e trace=`. Names of other architectures are marked so that strace skips them where they are absent.
 */
export const TRACED_CALLS = [
  'ioctl', 'mmap', 'munmap', 'mremap', 'mprotect', 'madvise', 'mlock', 'msync', '?open', 'openat', 'close',
  'close_range', 'dup', '?dup2', 'dup3', 'fcntl', 'fallocate', 'read', 'write', 'pread64', 'pwrite64',
  'ftruncate', 'lseek', 'fsync', 'fdatasync', 'fchmod', 'fstat', 'newfstatat', 'recvmsg', 'pidfd_getfd',
  'clone', 'clone3', '?fork', '?vfork', 'execve',
] as const; // prettier-ignore
