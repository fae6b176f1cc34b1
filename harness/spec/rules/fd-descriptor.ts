// SPDX-License-Identifier: GPL-2.0-only
import type { Arch } from '../../uapi/arch.js';
import { ARCH_CONSTANTS } from '../../uapi/constants.js';
import { fileId, handle, openFile } from '../core/look.js';
import { always, effect, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { self, set, withCloexec } from '../core/state.js';
import type { State } from '../core/state.js';

type V = View<'fd_op'>;

/** fcntl commands (include/uapi/asm-generic/fcntl.h, linux/fcntl.h). */
const F = {
  GETFD: 1n,
  SETFD: 2n,
  GETFL: 3n,
  SETFL: 4n,
  SETPIPE_SZ: 1031n,
  GETPIPE_SZ: 1032n,
  ADD_SEALS: 1033n,
  GET_SEALS: 1034n,
} as const;

const CLOEXEC = 1n;
const RDWR = 2n;
/** O_APPEND, O_NONBLOCK, O_NOATIME; O_DIRECT is never taken. */
const SETTABLE = 0o2000n | 0o4000n | 0o1000000n;

const flag = (arch: Arch, name: 'O_LARGEFILE' | 'O_DIRECT'): bigint => ARCH_CONSTANTS[arch][name] ?? 0n;
const is =
  (...commands: readonly bigint[]) =>
  ({ step }: V): boolean =>
    commands.includes(BigInt.asUintN(32, step.arg));

/** fcntl(2), whose argument is `length` (fs/fcntl.c do_fcntl). */
export const FCNTL: readonly Rule<'fd_op'>[] = [
  succeed('gmem.create.descriptor-flags', is(F.GETFD), {
    report: (v) => ({ value: isCloexec(v) ? CLOEXEC : 0n }),
  }),
  succeed('linux.fcntl.setfd', is(F.SETFD), { effects: [effect('linux.fcntl.setfd', withDescriptorFlag)] }),
  succeed('gmem.create.descriptor-flags', is(F.GETFL), { report: (v) => ({ value: statusFlags(v) }) }),
  refuse(
    'gmem.fd.fcntl',
    'EINVAL',
    (v) => is(F.SETFL)(v) && (v.step.length & flag(v.world.arch, 'O_DIRECT')) !== 0n,
  ),
  // O_NOATIME is for the owner.
  silent((v) => is(F.SETFL)(v) && self(v.state).uid !== 0n),
  succeed('gmem.fd.fcntl', is(F.SETFL), { effects: [effect('linux.fcntl.setfl', withStatus)] }),
  refuse('gmem.fd.fcntl', 'EINVAL', is(F.ADD_SEALS, F.GET_SEALS)),
  refuse('gmem.fd.fcntl', 'EBADF', is(F.SETPIPE_SZ, F.GETPIPE_SZ)),
];

/** The descriptor's number, when its name stands for one. */
function numberOf({ state, step }: V): number | undefined {
  const h = handle(state, step.on);
  return h?.kind === 'fd' ? h.fd : undefined;
}

function isCloexec(v: V): boolean {
  const fd = numberOf(v);
  return fd !== undefined && self(v.state).cloexec?.has(fd) === true;
}

function withDescriptorFlag({ state, step }: V): State {
  return withCloexec(state, step.on, (step.length & CLOEXEC) !== 0n);
}

const statusFlags = ({ state, step, world }: V): bigint =>
  RDWR | flag(world.arch, 'O_LARGEFILE') | (openFile(state, step.on)?.status ?? 0n);

function withStatus({ state, step }: V): State {
  const id = fileId(state, step.on);
  const file = id === undefined ? undefined : state.files.get(id);
  if (id === undefined || !file) return state;
  return { ...state, files: set(state.files, id, { ...file, status: step.length & SETTABLE }) };
}

const LOCK = { SH: 1n, EX: 2n, NB: 4n, UN: 8n, MAND: 32n } as const;
const OPERATIONS: readonly bigint[] = [LOCK.SH, LOCK.EX, LOCK.UN];
const operation = ({ step }: V): bigint => BigInt.asUintN(32, step.arg);

/** flock(2) translates the operation before it looks at the descriptor (fs/locks.c). */
export const FLOCK_FIRST: readonly Rule<'fd_op'>[] = [
  succeed('linux.flock.mandatory-ignored', (v) => (operation(v) & LOCK.MAND) !== 0n),
  refuse('linux.flock.operation-einval', 'EINVAL', (v) => !OPERATIONS.includes(operation(v) & ~LOCK.NB)),
];

/** Nobody else can have the file open, who could hold another lock. */
export const FLOCK: readonly Rule<'fd_op'>[] = [succeed('gmem.fd.flock', always)];

/** Descriptor that the file gets before it is opened anew by that number. */
const KNOWN_NUMBER = 900n;

/** open(2) of /proc/self/fd/N. */
export const REOPEN: readonly Rule<'fd_op'>[] = [
  silent(({ state }) => self(state).uid !== 0n || (self(state).nofile ?? KNOWN_NUMBER + 1n) <= KNOWN_NUMBER),
  refuse('gmem.fd.reopen-enxio', 'ENXIO', always),
];
