// SPDX-License-Identifier: GPL-2.0-only
import { blob, imm, ret } from './builder.js';
import type { HoldMethod } from './hold.js';
import { iov } from './touch.js';

const REGISTER_BUFFERS = imm(0n, 'IORING_REGISTER_BUFFERS');
const UNREGISTER_BUFFERS = imm(1n, 'IORING_UNREGISTER_BUFFERS');
const PARAMS_SIZE = 120;

/** A buffer registered with an io_uring that has nothing in flight, so that unregistering drops it at once. */
export const ioUring: HoldMethod = ({ b }, at, length) => {
  const params = blob(b.alloc(PARAMS_SIZE), 'params');
  const setup = b.syscall('io_uring_setup', [imm(1), params], { fd: true, quiet: true });
  const ring = ret(setup, 'ring');
  const buffers = iov(b, at, length);
  const main = b.syscall('io_uring_register', [ring, REGISTER_BUFFERS, buffers, imm(1)]);
  return {
    taken: { main },
    release: ({ b: later }) => {
      const args = [ring, UNREGISTER_BUFFERS, imm(0n, 'NULL'), imm(0), ret(main, '0')];
      return { main: later.syscall('io_uring_register', args) };
    },
  };
};
