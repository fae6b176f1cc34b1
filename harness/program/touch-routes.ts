// SPDX-License-Identifier: GPL-2.0-only
/**
 * Routes by which the kernel itself accesses user memory, for the `touch` verb. The name says what happens to
 * the mapping: `*_read` reads it, `*_write` writes it.
 */
export const TOUCH_ROUTES = [
  /** write(pipe, addr): the kernel reads the mapping. */
  'pipe_read',
  /** read(pipe, addr): the kernel writes it. */
  'pipe_write',
  'process_vm_read',
  'process_vm_write',
  'populate_read',
  'populate_write',
  /** pwrite(memfd, addr): reads it; pread(memfd, addr): writes it. */
  'file_read',
  'file_write',
  'proc_mem_read',
  'proc_mem_write',
  'getrandom_write',
  /** FUTEX_WAKE on a shared key: takes the page by GUP, reads nothing. */
  'futex_wake',
  'futex_wait',
  'vmsplice_read',
  /** IORING_REGISTER_BUFFERS: a long-term pin for writing. */
  'io_uring_buffer',
] as const;
export type TouchRoute = (typeof TOUCH_ROUTES)[number];
