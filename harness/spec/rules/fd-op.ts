// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf } from '../core/look.js';
import { refuse, silent } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { FCNTL, FLOCK, FLOCK_FIRST, REOPEN } from './fd-descriptor.js';
import {
  FADVISE,
  FSTAT,
  FSTATFS,
  GETDENTS,
  READAHEAD,
  SETATTR,
  SYNC,
  SYNC_FILE_RANGE,
} from './fd-metadata.js';
import {
  COPY,
  LSEEK,
  NEGATIVE_FIRST,
  NOTHING_FIRST,
  POSITIONED,
  READ_WRITE,
  SENDFILE,
  SPLICE,
} from './fd-read-write.js';
import { noIoctl } from './ioctl-target.js';
import { onlyFdOps } from './only.js';

/** File operations other than ioctl, mmap and fallocate. */
export const FD_OP: readonly Rule<'fd_op'>[] = [
  // Some arguments are looked at before the descriptor is.
  ...onlyFdOps(['pread', 'pwrite', 'preadv', 'pwritev', 'preadv2', 'pwritev2'], NEGATIVE_FIRST),
  ...onlyFdOps(['splice_from', 'splice_from_off', 'splice_to', 'splice_to_off'], NOTHING_FIRST),
  ...onlyFdOps(['flock'], FLOCK_FIRST),
  refuse(
    'gmem.fd.closed-ebadf',
    'EBADF',
    ({ state, step }) => step.op !== 'reopen' && noIoctl(state, step.on),
  ),
  silent(({ state, step }) => gmemOf(state, step.on) === undefined),
  ...onlyFdOps(['read', 'write', 'readv', 'writev'], READ_WRITE),
  ...onlyFdOps(['pread', 'pwrite', 'preadv', 'pwritev', 'preadv2', 'pwritev2'], POSITIONED),
  ...onlyFdOps(['lseek'], LSEEK),
  ...onlyFdOps(['splice_from', 'splice_from_off', 'splice_to', 'splice_to_off'], SPLICE),
  ...onlyFdOps(['sendfile_from', 'sendfile_from_off', 'sendfile_to'], SENDFILE),
  ...onlyFdOps(['copy_from', 'copy_to'], COPY),
  ...onlyFdOps(['ftruncate', 'fchmod', 'fchown', 'utimens'], SETATTR),
  ...onlyFdOps(['fsync', 'fdatasync'], SYNC),
  ...onlyFdOps(['sync_file_range'], SYNC_FILE_RANGE),
  ...onlyFdOps(['fadvise'], FADVISE),
  ...onlyFdOps(['readahead'], READAHEAD),
  ...onlyFdOps(['getdents'], GETDENTS),
  ...onlyFdOps(['fstat'], FSTAT),
  ...onlyFdOps(['fstatfs'], FSTATFS),
  ...onlyFdOps(['fcntl'], FCNTL),
  ...onlyFdOps(['flock'], FLOCK),
  ...onlyFdOps(['reopen'], REOPEN),
];
