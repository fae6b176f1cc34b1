// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../program/step.js';
import type { TouchRoute } from '../program/touch-routes.js';
import { blob, imm, mem32, plus, ret } from './builder.js';
import type { Arg, Builder } from './builder.js';
import { openAt } from './context.js';
import type { Lower } from './context.js';

/** Adds the calls of one route and returns the op that touches [at, at+length). */
type Route = (b: Builder, at: Arg, length: bigint) => number;

export const touch: Lower<StepOf<'touch'>> = (cx, s) => {
  const map = cx.map(s.map);
  const main = ROUTES[s.how](cx.b, plus(map.base, s.offset), s.length);
  return { main, map, fields: (r) => ({ value: r.op(main).ret }) };
};

/** Bytes the kernel copies into the mapping on writing routes: visible, and not zero. */
const FILL = 0xa5;
const ROOM = 4 * 65536;

/** A non-blocking pipe: no route may wait for a reader. */
export function pipe(b: Builder): { read: Arg; write: Arg } {
  const fds = b.alloc(8);
  const O_NONBLOCK_CLOEXEC = 0o2004000n;
  b.syscall('pipe2', [blob(fds, 'pipe'), imm(O_NONBLOCK_CLOEXEC, 'O_NONBLOCK|O_CLOEXEC')], { quiet: true });
  // The descriptors appear as results of dup so that the executor knows to close them.
  const end = (offset: number, text: string): Arg =>
    ret(b.syscall('dup', [mem32(offset, text)], { fd: true, quiet: true }), text);
  const ends = { read: end(fds, 'pipe'), write: end(fds + 4, 'pipe') };
  for (const offset of [fds, fds + 4]) b.syscall('close', [mem32(offset, 'pipe')], { quiet: true });
  return ends;
}

/** A memfd with `length` bytes of FILL. */
export function memfd(b: Builder, length: bigint, name = 'memfd'): Arg {
  const fd = ret(
    b.syscall('memfd_create', [b.path(name), imm(1n, 'MFD_CLOEXEC')], { fd: true, quiet: true }),
    name,
  );
  if (length > 0n) b.syscall('pwrite64', [fd, filled(b, length), imm(length), imm(0n)], { quiet: true });
  return fd;
}

/** Blob bytes of FILL, as many as the call may want but no more than ROOM: a length is taken as the kernel does. */
export function filled(b: Builder, length: bigint): Arg {
  const bytes = BigInt.asUintN(64, length);
  return blob(b.data(new Uint8Array(bytes < ROOM ? Number(bytes) : ROOM).fill(FILL)), 'buffer');
}

/** A vector of one element. */
export function iov(b: Builder, base: Arg, length: bigint): Arg {
  const at = b.alloc(16);
  b.patch(at, 8, base);
  b.patch(at + 8, 8, imm(length));
  return blob(at, `[{${base.text}, ${length.toString()}}]`);
}

function processVm(name: 'process_vm_readv' | 'process_vm_writev'): Route {
  return (b, at, length) => {
    const pid = ret(b.syscall('getpid', [], { quiet: true }), 'self');
    const local = iov(b, filled(b, length), length);
    return b.syscall(name, [pid, local, imm(1), iov(b, at, length), imm(1), imm(0)]);
  };
}

function madvise(advice: number, name: string): Route {
  return (b, at, length) => {
    // Populate works on whole pages.
    const page = BigInt(b.pageSize);
    return b.syscall('madvise', [at, imm(((length + page - 1n) / page) * page), imm(advice, name)]);
  };
}

function procMem(name: 'pread64' | 'pwrite64'): Route {
  return (b, at, length) => {
    const fd = ret(openAt(b, '/proc/self/mem', 2n, 'O_RDWR', 'mem'), '/proc/self/mem');
    return b.syscall(name, [fd, filled(b, length), imm(length), at]);
  };
}

function futex(op: number, name: string): Route {
  return (b, at) => {
    // A wait ends at once when the value differs, or after this millisecond when it does not.
    const timeout = b.alloc(16);
    b.patch(timeout + 8, 8, imm(1_000_000n));
    return b.syscall('futex', [at, imm(op, name), imm(1), blob(timeout, '1ms'), imm(0), imm(0)]);
  };
}

const ROUTES: Readonly<Record<TouchRoute, Route>> = {
  pipe_read: (b, at, length) => b.syscall('write', [pipe(b).write, at, imm(length)]),
  pipe_write: (b, at, length) => {
    const p = pipe(b);
    b.syscall('write', [p.write, filled(b, length), imm(length)], { quiet: true });
    return b.syscall('read', [p.read, at, imm(length)]);
  },
  process_vm_read: processVm('process_vm_readv'),
  process_vm_write: processVm('process_vm_writev'),
  populate_read: madvise(22, 'MADV_POPULATE_READ'),
  populate_write: madvise(23, 'MADV_POPULATE_WRITE'),
  file_read: (b, at, length) => b.syscall('pwrite64', [memfd(b, 0n), at, imm(length), imm(0)]),
  file_write: (b, at, length) => b.syscall('pread64', [memfd(b, length), at, imm(length), imm(0)]),
  proc_mem_read: procMem('pread64'),
  proc_mem_write: procMem('pwrite64'),
  getrandom_write: (b, at, length) => b.syscall('getrandom', [at, imm(length), imm(4, 'GRND_INSECURE')]),
  futex_wake: futex(1, 'FUTEX_WAKE'),
  futex_wait: futex(0, 'FUTEX_WAIT'),
  vmsplice_read: (b, at, length) => {
    const p = pipe(b);
    return b.syscall('vmsplice', [p.write, iov(b, at, length), imm(1), imm(2, 'SPLICE_F_NONBLOCK')]);
  },
  io_uring_buffer: (b, at, length) => {
    const params = blob(b.alloc(120), 'params');
    const ring = ret(b.syscall('io_uring_setup', [imm(1), params], { fd: true, quiet: true }), 'ring');
    const IORING_REGISTER_BUFFERS = imm(0, 'IORING_REGISTER_BUFFERS');
    return b.syscall('io_uring_register', [ring, IORING_REGISTER_BUFFERS, iov(b, at, length), imm(1)]);
  },
};
