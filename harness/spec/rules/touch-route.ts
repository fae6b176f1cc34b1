// SPDX-License-Identifier: GPL-2.0-only
import type { TouchRoute } from '../../program/touch-routes.js';
import type { Access } from '../core/host-pages.js';

/**
 * How a route ends that meets a page which refuses it.
 * `short`: with the bytes before that page, if there are any; `by pages`: with whole pages of the copy, as each
 * is one buffer of a pipe (fs/pipe.c); `whole`: with an error, whatever came before.
 */
export type Ending = 'short' | 'by pages' | 'whole';

/** What the kernel does to a mapping on a route. */
export interface Route {
  readonly access: Access;
  readonly ending: Ending;
  /** What the call returns when it is done: the bytes, or 0. */
  readonly returns: 'bytes' | 'zero';
  /** The byte that it writes all over, `noise` for random ones; undefined when it writes none. */
  readonly writes?: number | 'noise';
  /** Its bytes are copied by instructions that fault; other routes take a reference to each page first. */
  readonly copies?: true;
  /** It goes on to hold the pages, until the process ends. */
  readonly holds?: 'vmsplice' | 'io_uring';
}

/** What harness/lower/touch.ts has the kernel write. */
const FILL = 0xa5;

export const ROUTES: Readonly<Record<TouchRoute, Route>> = {
  pipe_read: { access: 'read', ending: 'by pages', returns: 'bytes', copies: true },
  pipe_write: { access: 'write', ending: 'by pages', returns: 'bytes', writes: FILL, copies: true },
  process_vm_read: { access: 'get', ending: 'short', returns: 'bytes' },
  process_vm_write: { access: 'get to write', ending: 'short', returns: 'bytes', writes: FILL },
  populate_read: { access: 'get', ending: 'whole', returns: 'zero' },
  populate_write: { access: 'get to write', ending: 'whole', returns: 'zero' },
  file_read: { access: 'read', ending: 'short', returns: 'bytes', copies: true },
  file_write: { access: 'write', ending: 'short', returns: 'bytes', writes: FILL, copies: true },
  proc_mem_read: { access: 'get', ending: 'short', returns: 'bytes' },
  proc_mem_write: { access: 'get to write', ending: 'short', returns: 'bytes', writes: FILL },
  getrandom_write: { access: 'write', ending: 'short', returns: 'bytes', writes: 'noise', copies: true },
  futex_wake: { access: 'get any way', ending: 'whole', returns: 'zero' },
  futex_wait: { access: 'get any way', ending: 'whole', returns: 'zero' },
  vmsplice_read: { access: 'get fast', ending: 'short', returns: 'bytes', holds: 'vmsplice' },
  io_uring_buffer: { access: 'get to write', ending: 'whole', returns: 'zero', holds: 'io_uring' },
};
