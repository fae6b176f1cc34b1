// SPDX-License-Identifier: GPL-2.0-only
/** Errno values shared by x86, arm64 and riscv (include/uapi/asm-generic/errno-base.h and errno.h). */
const NAMES: Readonly<Record<string, number>> = {
  EPERM: 1, ENOENT: 2, ESRCH: 3, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10,
  EAGAIN: 11, ENOMEM: 12, EACCES: 13, EFAULT: 14, ENOTBLK: 15, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19,
  ENOTDIR: 20, EISDIR: 21, EINVAL: 22, ENFILE: 23, EMFILE: 24, ENOTTY: 25, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28,
  ESPIPE: 29, EROFS: 30, EMLINK: 31, EPIPE: 32, EDOM: 33, ERANGE: 34, EDEADLK: 35, ENAMETOOLONG: 36,
  ENOLCK: 37, ENOSYS: 38, ENOTEMPTY: 39, ELOOP: 40, ENODATA: 61, ETIME: 62, EPROTO: 71, EBADMSG: 74,
  EOVERFLOW: 75, EBADFD: 77, EUSERS: 87, ENOTSOCK: 88, EMSGSIZE: 90, EPROTONOSUPPORT: 93, EOPNOTSUPP: 95,
  EADDRINUSE: 98, ENETDOWN: 100, ENOBUFS: 105, EISCONN: 106, ENOTCONN: 107, ETIMEDOUT: 110, ECONNREFUSED: 111,
  EALREADY: 114, EINPROGRESS: 115, ESTALE: 116, ECANCELED: 125, ENOKEY: 126, EOWNERDEAD: 130,
  ENOTRECOVERABLE: 131, ERFKILL: 132, EHWPOISON: 133,
}; // prettier-ignore

const BY_NUMBER = new Map(Object.entries(NAMES).map(([name, n]) => [n, name]));

/** All known errno names. */
export const errnoNames: readonly string[] = Object.keys(NAMES);

/** The number of an errno name, undefined when unknown. */
export function errnoNumber(name: string): number | undefined {
  return NAMES[name];
}

/** The name of an errno, `errno 512` for a number without one (such a leak is itself a finding). */
export function errnoName(n: number): string {
  return n === 0 ? '0' : (BY_NUMBER.get(n) ?? `errno ${n}`);
}
