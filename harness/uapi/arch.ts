// SPDX-License-Identifier: GPL-2.0-only
/** Architectures by the name that uname(2) gives. */
export const ARCHES = ['x86_64', 'aarch64'] as const;
export type Arch = (typeof ARCHES)[number];

export function isArch(name: string): name is Arch {
  return (ARCHES as readonly string[]).includes(name);
}

/** System calls by architecture: arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h. */
const TABLE = {
  read: [0, 63], write: [1, 64], close: [3, 57], fstat: [5, 80], lseek: [8, 62], mmap: [9, 222],
  mprotect: [10, 226], munmap: [11, 215], ioctl: [16, 29], pread64: [17, 67], pwrite64: [18, 68],
  readv: [19, 65], writev: [20, 66], mremap: [25, 216], msync: [26, 227], mincore: [27, 232],
  madvise: [28, 233], dup: [32, 23], getpid: [39, 172], sendfile: [40, 71],
  socketpair: [53, 199], fcntl: [72, 25], fsync: [74, 82], fdatasync: [75, 83],
  ftruncate: [77, 46], getdents64: [217, 61], fchmod: [91, 52], fchown: [93, 55], fstatfs: [138, 44],
  mlock: [149, 228], futex: [202, 98], splice: [275, 76], vmsplice: [278, 75], fallocate: [285, 47],
  utimensat: [280, 88], preadv: [295, 69], pwritev: [296, 70], openat: [257, 56], readlinkat: [267, 78], prlimit64: [302, 261],
  process_vm_readv: [310, 270], process_vm_writev: [311, 271], eventfd2: [290, 19], dup3: [292, 24],
  pipe2: [293, 59], getrandom: [318, 278], memfd_create: [319, 279], copy_file_range: [326, 285],
  preadv2: [327, 286], pwritev2: [328, 287], mbind: [237, 235], flock: [73, 32], sync_file_range: [277, 84],
  io_uring_setup: [425, 425], io_uring_enter: [426, 426], io_uring_register: [427, 427], readahead: [187, 213], fadvise64: [221, 223],
  inotify_init1: [294, 26], epoll_create1: [291, 20], memfd_secret: [447, 447],
  sendmsg: [46, 211], recvmsg: [47, 212], setresuid: [117, 147], setresgid: [119, 149], setgroups: [116, 159],
  nanosleep: [35, 101], kill: [62, 129], exit: [60, 93],
} as const; // prettier-ignore

export type SyscallName = keyof typeof TABLE;

/** The number of a system call. */
export function syscallNumber(name: SyscallName, arch: Arch): number {
  return TABLE[name][arch === 'x86_64' ? 0 : 1];
}
