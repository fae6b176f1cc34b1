// SPDX-License-Identifier: GPL-2.0-only
/** File operations of the `fd_op` verb. `_off` forms pass an offset pointer, the others NULL. */
export const FD_OPS = [
  'read', 'write', 'readv', 'writev', 'pread', 'pwrite', 'preadv', 'pwritev', 'preadv2', 'pwritev2', 'lseek',
  'splice_from', 'splice_from_off', 'splice_to', 'splice_to_off', 'sendfile_from', 'sendfile_from_off',
  'sendfile_to', 'copy_from', 'copy_to', 'ftruncate', 'fchmod', 'fchown', 'utimens', 'fsync', 'fdatasync',
  'sync_file_range', 'fadvise', 'readahead', 'flock', 'fcntl', 'fstat', 'fstatfs', 'getdents', 'reopen',
] as const; // prettier-ignore
export type FdOp = (typeof FD_OPS)[number];
