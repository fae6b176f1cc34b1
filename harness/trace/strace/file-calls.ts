// SPDX-License-Identifier: GPL-2.0-only
import type { FdOp } from '../../program/fd-ops.js';
import { kindOfPath } from './session.js';
import type { CallContext } from './session.js';
import type { Value } from './value.js';

/** Handles a call. @returns whether it was one of interest */
export type Handler = (cx: CallContext) => boolean;

const O_CLOEXEC = 0o2000000n;
const FD_CLOEXEC = 1n;
const CLOSE_RANGE_CLOEXEC = 4n;
const AT_EMPTY_PATH = 0x1000n;
const F = { dup: 0n, setfd: 2n, dupCloexec: 1030n } as const;

const has = (flags: bigint | undefined, bit: bigint): boolean => ((flags ?? 0n) & bit) !== 0n;

/** open and openat: /dev/kvm is an object, every other file only takes a number. */
const open =
  (path: number): Handler =>
  (cx) => {
    const name = cx.value(path);
    if (!cx.ok) return false;
    const fd = Number(cx.returned);
    cx.table.fds.delete(fd);
    const isKvm =
      (name?.kind === 'string' && name.text === '/dev/kvm') ||
      cx.call.returned.path?.startsWith('/dev/kvm') === true;
    if (!isKvm) return false;
    const as = cx.session.name('kvm');
    cx.describe(fd, as, 'kvm', has(cx.number(path + 1), O_CLOEXEC));
    if (as !== 'kvm') cx.step('open', { kind: 'kvm', as });
    return true;
  };

const close: Handler = (cx) => {
  const on = cx.descriptor(0);
  if (!on) return false;
  cx.step('close', { on: on.name });
  // Linux frees the number whatever else close reports, unless there was none.
  cx.table.close(Number(cx.number(0) ?? -1n));
  return true;
};

/** dup, dup2, dup3, F_DUPFD: a new descriptor is an object of the same kind under a new name. */
function duplicate(cx: CallContext, cloexec: boolean, target?: bigint): boolean {
  const old = target === undefined ? undefined : cx.table.open(Number(target));
  const same = target !== undefined && target === cx.number(0);
  const on = cx.descriptor(0);
  if (old && cx.ok && !same) {
    cx.step('close', { on: old.name });
    cx.table.close(Number(target));
  }
  if (!on || same) {
    if (cx.ok && !same) cx.table.fds.delete(Number(cx.returned));
    return on !== undefined;
  }
  const as = cx.session.name(on.kind);
  cx.step('dup', { on: on.name, as });
  if (cx.ok) cx.describe(Number(cx.returned), as, on.kind, cloexec);
  return true;
}

const fcntl: Handler = (cx) => {
  const cmd = cx.number(1);
  if (cmd === F.dup || cmd === F.dupCloexec) return duplicate(cx, cmd === F.dupCloexec);
  const on = cx.descriptor(0);
  if (!on) return false;
  if (cmd === F.setfd && cx.ok)
    cx.table.fds.set(Number(cx.number(0)), { ...on, cloexec: has(cx.number(2), FD_CLOEXEC) });
  const unknown = cmd === undefined ? ['arg'] : [];
  cx.step('fd_op', { on: on.name, op: 'fcntl', arg: cmd ?? 0n, length: cx.number(2) ?? 0n }, unknown, {
    value: cx.returned,
  });
  return true;
};

/** close_range: one step for each object that is in it. */
const closeRange: Handler = (cx) => {
  const [first, last, flags] = [cx.number(0), cx.number(1), cx.number(2)];
  if (!cx.ok || first === undefined || last === undefined) return false;
  for (const [fd, d] of [...cx.table.fds]) {
    if (d.closed || BigInt(fd) < first || BigInt(fd) > last) continue;
    if (has(flags, CLOSE_RANGE_CLOEXEC)) cx.table.fds.set(fd, { ...d, cloexec: true });
    else {
      cx.step('close', { on: d.name });
      cx.table.close(fd);
    }
  }
  return true;
};

const fallocate: Handler = (cx) => {
  const on = cx.descriptor(0);
  if (!on) return false;
  const [mode, offset, length] = [cx.number(1), cx.number(2), cx.number(3)];
  const unknown = Object.entries({ mode, offset, length }).flatMap(([n, v]) => (v === undefined ? [n] : []));
  cx.step(
    'fallocate',
    { on: on.name, mode: mode ?? 0n, offset: offset ?? 0n, length: length ?? 0n },
    unknown,
  );
  return true;
};

/** Positions of offset, length and `arg` among the arguments of a call. */
type Where = readonly [offset?: number, length?: number, arg?: number];

const fileOp =
  (op: FdOp, ...[offset, length, arg]: Where): Handler =>
  (cx) => {
    const on = cx.descriptor(0);
    if (!on) return false;
    const unknown: string[] = [];
    const take = (i: number | undefined, name: string): bigint => {
      if (i === undefined) return 0n;
      const v = cx.number(i);
      if (v === undefined) unknown.push(name);
      return v ?? 0n;
    };
    const args = { offset: take(offset, 'offset'), length: take(length, 'length'), arg: take(arg, 'arg') };
    cx.step('fd_op', { on: on.name, op, ...args }, unknown, { value: cx.returned });
    return true;
  };

/** Members of struct stat that strace prints also in short. */
const STAT = ['st_size', 'st_mode', 'st_blksize', 'st_blocks', 'st_nlink', 'st_ino'] as const;

const fstat =
  (buffer: number): Handler =>
  (cx) => {
    const on = cx.descriptor(0);
    const v = cx.value(buffer);
    if (!on) return false;
    const members = v?.kind === 'struct' ? v.members : new Map<string, Value>();
    const fields = STAT.flatMap((name): [string, bigint][] => {
      const m = members.get(name);
      return m?.kind === 'number' ? [[name, m.value]] : [];
    });
    cx.step('fd_op', { on: on.name, op: 'fstat' }, [], Object.fromEntries(fields));
    return true;
  };

const fstatat: Handler = (cx) => {
  const path = cx.value(1);
  const empty = path?.kind === 'string' ? path.text === '' : has(cx.number(3), AT_EMPTY_PATH);
  return empty && has(cx.number(3), AT_EMPTY_PATH) && fstat(2)(cx);
};

/** Descriptors that came through a socket or from another process: their numbers stand for something new. */
function received(cx: CallContext, value: Value | undefined): boolean {
  if (value?.kind === 'list') return value.items.map((v) => received(cx, v)).some(Boolean);
  if (value?.kind !== 'struct') return false;
  const data = value.members.get('cmsg_data');
  const type = value.members.get('cmsg_type');
  if (data?.kind === 'list' && type?.kind === 'number' && type.value === 1n) {
    for (const fd of data.items) {
      if (fd.kind !== 'number') continue;
      cx.table.fds.delete(Number(fd.value));
      cx.adopt(Number(fd.value), kindOfPath(fd.path) ?? 'file');
    }
    return true;
  }
  return received(cx, value.members.get('msg_control'));
}

const getfd: Handler = (cx) => {
  if (!cx.ok) return false;
  cx.table.fds.delete(Number(cx.returned));
  cx.adopt(Number(cx.returned), kindOfPath(cx.call.returned.path) ?? 'file');
  return true;
};

/** Calls on descriptors, by name. */
export const FILE_CALLS: Readonly<Record<string, Handler>> = {
  open: open(0),
  openat: open(1),
  close,
  close_range: closeRange,
  dup: (cx) => duplicate(cx, false),
  dup2: (cx) => duplicate(cx, false, cx.number(1)),
  dup3: (cx) => duplicate(cx, has(cx.number(2), O_CLOEXEC), cx.number(1)),
  fcntl,
  fallocate,
  read: fileOp('read', undefined, 2),
  write: fileOp('write', undefined, 2),
  pread64: fileOp('pread', 3, 2),
  pwrite64: fileOp('pwrite', 3, 2),
  lseek: fileOp('lseek', 1, undefined, 2),
  ftruncate: fileOp('ftruncate', undefined, 1),
  fsync: fileOp('fsync'),
  fdatasync: fileOp('fdatasync'),
  fchmod: fileOp('fchmod', undefined, undefined, 1),
  fstat: fstat(1),
  newfstatat: fstatat,
  recvmsg: (cx) => cx.ok && received(cx, cx.value(1)),
  pidfd_getfd: getfd,
};
