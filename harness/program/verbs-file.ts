// SPDX-License-Identifier: GPL-2.0-only
import { makes, num, oneOf, optref, ref, FD_KINDS } from './params.js';
import { FD_OPS } from './fd-ops.js';
import { anyFd, offset } from './verb.js';
import type { Verb } from './verb.js';

/** Verbs of files and descriptors. */
export const FILE_VERBS = {
  fallocate: {
    about: 'fallocate(2)',
    params: { on: ref('the file', FD_KINDS, 'gmem'), mode: num('FALLOC_FL_*'), offset, length: num('bytes') },
    reports: [],
  },
  fd_op: {
    about: 'a file operation other than ioctl, mmap and fallocate',
    params: {
      on: ref('the file', FD_KINDS, 'gmem'),
      op: oneOf('which', FD_OPS),
      offset,
      length: num('bytes', 8n),
      arg: num('whence, mode, flags or command of the call', 0n),
      to: optref('the other file of a two-file call', FD_KINDS),
    },
    reports: ['value', 'st_size', 'st_mode', 'st_blksize', 'st_blocks', 'st_nlink', 'st_ino', 'f_type'],
  },
  open: {
    about: 'a file of another kind, to be given where a guest_memfd or a VM belongs',
    params: {
      kind: oneOf('which', [
        'memfd', 'memfd_secret', 'pipe_read', 'pipe_write', 'eventfd', 'epoll', 'inotify', 'socket', 'kvm',
        'null', 'zero', 'directory', 'path', 'proc_self_mem',
      ]), // prettier-ignore
      as: makes('file', 'file'),
    },
    reports: [],
  },
  dup: {
    about: 'dup(2); the new descriptor is an object of the same kind',
    params: { on: anyFd, as: makes('gmem', 'dup') },
    reports: [],
  },
  send_fd: {
    about: 'send a descriptor through a socket pair; what is received is an object of the same kind',
    params: { of: anyFd, as: makes('gmem', 'received') },
    primary: 'of',
    reports: [],
  },
  close: { about: 'close(2)', params: { on: anyFd }, primary: 'on', reports: [] },
} as const satisfies Readonly<Record<string, Verb>>;
