// SPDX-License-Identifier: GPL-2.0-only
import type { FdOp } from '../program/fd-ops.js';
import type { StepOf } from '../program/step.js';
import { blob, imm } from './builder.js';
import type { Arg } from './builder.js';
import { openAt } from './context.js';
import type { Lower, LowerContext } from './context.js';
import { filled, memfd, pipe } from './touch.js';

type S = StepOf<'fd_op'>;

/** Adds the calls of one operation and returns the op that it is about. */
type Op = (cx: LowerContext, fd: Arg, s: S) => number;

const NULL = imm(0n, 'NULL');

export const fdOp: Lower<S> = (cx, s) => {
  const { b } = cx;
  const fd = cx.fd(s.on).fd;
  if (s.op === 'fstat') return fstat(cx, fd);
  if (s.op === 'fstatfs') {
    const buffer = b.alloc(120);
    const main = b.syscall('fstatfs', [fd, blob(buffer, 'statfs')]);
    const type = b.peek(blob(buffer, 'statfs'), 8);
    return { main, fields: (r) => ({ f_type: u64(r.op(type).data, 0) }) };
  }
  const main = FD_CALLS[s.op](cx, fd, s);
  return { main, fields: (r) => ({ value: r.op(main).ret }) };
};

/** struct stat differs between architectures only in its middle: offsets of [mode, nlink, blksize, blocks]. */
const STAT = {
  x86_64: { mode: 24, nlink: 16, nlinkWidth: 8, blksize: 56 },
  aarch64: { mode: 16, nlink: 20, nlinkWidth: 4, blksize: 56 },
} as const;

function fstat(cx: LowerContext, fd: Arg): ReturnType<Lower<S>> {
  const buffer = cx.b.alloc(144);
  const main = cx.b.syscall('fstat', [fd, blob(buffer, 'stat')]);
  const peek = cx.b.peek(blob(buffer, 'stat'), 144);
  const at = STAT[cx.b.arch];
  return {
    main,
    fields: (r) => {
      const { data } = r.op(peek);
      return {
        st_ino: u64(data, 8),
        st_mode: u32(data, at.mode),
        st_nlink: at.nlinkWidth === 8 ? u64(data, at.nlink) : u32(data, at.nlink),
        st_size: u64(data, 48),
        st_blksize: u32(data, at.blksize),
        st_blocks: u64(data, 64),
      };
    },
  };
}

const view = (d: Uint8Array): DataView => new DataView(d.buffer, d.byteOffset, d.length);
const u64 = (d: Uint8Array, at: number): bigint => (d.length < at + 8 ? 0n : view(d).getBigUint64(at, true));
const u32 = (d: Uint8Array, at: number): bigint =>
  d.length < at + 4 ? 0n : BigInt(view(d).getUint32(at, true));

function vector(cx: LowerContext, length: bigint): Arg {
  const at = cx.b.alloc(16);
  cx.b.patch(at, 8, filled(cx.b, length));
  cx.b.patch(at + 8, 8, imm(length));
  return blob(at, 'iov');
}

/** A u64 in the blob, for offset pointers. */
function cell(cx: LowerContext, value: bigint): Arg {
  const at = cx.b.alloc(8);
  cx.b.patch(at, 8, imm(value));
  return blob(at, `[${value.toString()}]`);
}

const plain =
  (name: 'read' | 'write'): Op =>
  (cx, fd, s) =>
    cx.b.syscall(name, [fd, filled(cx.b, s.length), imm(s.length)]);
const positioned =
  (name: 'pread64' | 'pwrite64'): Op =>
  (cx, fd, s) =>
    cx.b.syscall(name, [fd, filled(cx.b, s.length), imm(s.length), imm(s.offset)]);
const vectored =
  (name: 'readv' | 'writev' | 'preadv' | 'pwritev' | 'preadv2' | 'pwritev2'): Op =>
  (cx, fd, s) =>
    cx.b.syscall(name, [fd, vector(cx, s.length), imm(1), imm(s.offset), imm(0), imm(s.arg)]);

/** splice between the file and a pipe that holds bytes (to) or has room (from). */
const splice =
  (to: boolean, withOffset: boolean): Op =>
  (cx, fd, s) => {
    const { b } = cx;
    const p = pipe(b);
    if (to) b.syscall('write', [p.write, filled(b, s.length), imm(s.length)], { quiet: true });
    const offset = withOffset ? cell(cx, s.offset) : NULL;
    const ends = to ? [p.read, NULL, fd, offset] : [fd, offset, p.write, NULL];
    return b.syscall('splice', [...ends, imm(s.length), imm(2, 'SPLICE_F_NONBLOCK')]);
  };

const copy =
  (to: boolean): Op =>
  (cx, fd, s) => {
    const other = s.to === undefined ? memfd(cx.b, to ? s.length : 0n) : cx.fd(s.to).fd;
    const at = cell(cx, s.offset);
    const zero = cell(cx, 0n);
    const ends = to ? [other, zero, fd, at] : [fd, at, other, zero];
    return cx.b.syscall('copy_file_range', [...ends, imm(s.length), imm(0)]);
  };

const FD_CALLS: Readonly<Record<Exclude<FdOp, 'fstat' | 'fstatfs'>, Op>> = {
  read: plain('read'),
  write: plain('write'),
  readv: vectored('readv'),
  writev: vectored('writev'),
  pread: positioned('pread64'),
  pwrite: positioned('pwrite64'),
  preadv: vectored('preadv'),
  pwritev: vectored('pwritev'),
  preadv2: vectored('preadv2'),
  pwritev2: vectored('pwritev2'),
  lseek: (cx, fd, s) => cx.b.syscall('lseek', [fd, imm(s.offset), imm(s.arg)]),
  splice_from: splice(false, false),
  splice_from_off: splice(false, true),
  splice_to: splice(true, false),
  splice_to_off: splice(true, true),
  sendfile_from: (cx, fd, s) => cx.b.syscall('sendfile', [memfd(cx.b, 0n), fd, NULL, imm(s.length)]),
  sendfile_from_off: (cx, fd, s) =>
    cx.b.syscall('sendfile', [memfd(cx.b, 0n), fd, cell(cx, s.offset), imm(s.length)]),
  sendfile_to: (cx, fd, s) =>
    cx.b.syscall('sendfile', [fd, memfd(cx.b, s.length), cell(cx, 0n), imm(s.length)]),
  copy_from: copy(false),
  copy_to: copy(true),
  ftruncate: (cx, fd, s) => cx.b.syscall('ftruncate', [fd, imm(s.length)]),
  fchmod: (cx, fd, s) => cx.b.syscall('fchmod', [fd, imm(s.arg)]),
  fchown: (cx, fd, s) => cx.b.syscall('fchown', [fd, imm(s.arg), imm(s.arg)]),
  utimens: (cx, fd) => cx.b.syscall('utimensat', [fd, NULL, NULL, imm(0)]),
  fsync: (cx, fd) => cx.b.syscall('fsync', [fd]),
  fdatasync: (cx, fd) => cx.b.syscall('fdatasync', [fd]),
  sync_file_range: (cx, fd, s) =>
    cx.b.syscall('sync_file_range', [fd, imm(s.offset), imm(s.length), imm(s.arg)]),
  fadvise: (cx, fd, s) => cx.b.syscall('fadvise64', [fd, imm(s.offset), imm(s.length), imm(s.arg)]),
  readahead: (cx, fd, s) => cx.b.syscall('readahead', [fd, imm(s.offset), imm(s.length)]),
  flock: (cx, fd, s) => cx.b.syscall('flock', [fd, imm(s.arg)]),
  fcntl: (cx, fd, s) => cx.b.syscall('fcntl', [fd, imm(s.arg), imm(s.length)]),
  getdents: (cx, fd) => cx.b.syscall('getdents64', [fd, blob(cx.b.alloc(512), 'dirents'), imm(512)]),
  reopen: (cx, fd) => reopen(cx, fd),
};

/** open of /proc/self/fd/N. The number is chosen here, high enough to be free, as a path cannot be patched. */
function reopen(cx: LowerContext, fd: Arg): number {
  const { b } = cx;
  const known = 900;
  b.syscall('dup3', [fd, imm(known), imm(0)], { fd: true, quiet: true });
  return openAt(b, `/proc/self/fd/${known}`, 2n, 'O_RDWR', 'reopened');
}

const SOCK_STREAM = 1n;
const AF_UNIX = 1n;

export const open: Lower<StepOf<'open'>> = (cx, s) => {
  const { b } = cx;
  const path = (p: string, flags: bigint, text: string): number => openAt(b, p, flags, text, s.as);
  const existing = (a: Arg): number => b.syscall('dup', [a], { fd: true, result: s.as });
  const options = { fd: true, result: s.as };
  const make = {
    memfd: () => b.syscall('memfd_create', [b.path('file'), imm(0)], options),
    memfd_secret: () => b.syscall('memfd_secret', [imm(0)], options),
    pipe_read: () => existing(pipe(b).read),
    pipe_write: () => existing(pipe(b).write),
    eventfd: () => b.syscall('eventfd2', [imm(0), imm(0)], options),
    epoll: () => b.syscall('epoll_create1', [imm(0)], options),
    inotify: () => b.syscall('inotify_init1', [imm(0)], options),
    socket: () => {
      const fds = b.alloc(8);
      b.syscall('socketpair', [imm(AF_UNIX), imm(SOCK_STREAM), imm(0), blob(fds, 'pair')], { quiet: true });
      const kept = existing({ arg: { kind: 'mem32', ref: fds, add: 0n }, text: 'socket' });
      for (const at of [fds, fds + 4]) {
        b.syscall('close', [{ arg: { kind: 'mem32', ref: at, add: 0n }, text: 'socket' }], { quiet: true });
      }
      return kept;
    },
    kvm: () => path('/dev/kvm', 2n, 'O_RDWR'),
    null: () => path('/dev/null', 2n, 'O_RDWR'),
    zero: () => path('/dev/zero', 2n, 'O_RDWR'),
    directory: () => path('/', 0n, 'O_RDONLY'),
    path: () => path('/', 0o10000000n, 'O_PATH'),
    proc_self_mem: () => path('/proc/self/mem', 2n, 'O_RDWR'),
  };
  const main = make[s.kind]();
  cx.newFd(s.as, main);
  return { main };
};

export const dup: Lower<StepOf<'dup'>> = (cx, s) => {
  const main = cx.b.syscall('dup', [cx.fd(s.on).fd], { fd: true, result: s.as });
  cx.newFd(s.as, main);
  return { main };
};

export const close: Lower<StepOf<'close'>> = (cx, s) => ({ main: cx.b.syscall('close', [cx.fd(s.on).fd]) });
