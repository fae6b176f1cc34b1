// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../../program/step.js';
import { CONSTANTS } from '../../uapi/constants.js';
import { ioc } from '../../uapi/ioctl.js';
import { kindOf } from '../core/look.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withCloexec } from '../core/state.js';
import { isOneOf } from './commands.js';

type V = View<'ioctl'>;

const isGmem = ({ state, step }: V): boolean => kindOf(state, step.on) === 'gmem';
const is = ({ step }: V, ...names: readonly string[]): boolean => isOneOf(step.cmd, names);

/** Below this nothing is mapped (/proc/sys/vm/mmap_min_addr). */
const FIRST_ADDRESS = 4096n;

/** What the kernel finds at the argument: zeros in a buffer, nothing at an address, or nobody knows what. */
export function argumentOf({ value, arg }: StepOf<'ioctl'>): 'zeros' | 'nothing' | 'unknown' {
  if (value !== undefined) return BigInt.asUintN(64, value) < FIRST_ADDRESS ? 'nothing' : 'unknown';
  // The buffer that straddles has 256 bytes before the hole, which is more than any structure needs.
  return arg === 'null' || arg === 'unmapped' ? 'nothing' : 'zeros';
}

/** Commands that the VFS answers on a guest_memfd in a way that the contract does not say. */
const UNTOLD: readonly bigint[] = [
  CONSTANTS['FIOASYNC'] ?? 0x5452n,
  ioc('write', 0x94, 9, 4), // FICLONE
  ioc('write', 0x94, 13, 32), // FICLONERANGE
  ioc('readwrite', 0x94, 54, 24), // FIDEDUPERANGE
  ioc('readwrite', 0x58, 119, 4), // FIFREEZE
  ioc('readwrite', 0x58, 120, 4), // FITHAW
  ioc('write', 0x66, 2, 8), // FS_IOC_SETFLAGS
  ioc('read', 0x58, 31, 28), // FS_IOC_FSGETXATTR
  ioc('write', 0x58, 32, 28), // FS_IOC_FSSETXATTR
  ioc('read', 0x15, 1, 129), // FS_IOC_GETFSSYSFSPATH
  ioc('write', 0x58, 42, 48), // FS_IOC_RESVSP64
  ioc('write', 0x58, 43, 48), // FS_IOC_UNRESVSP64
  ioc('write', 0x58, 41, 48), // FS_IOC_UNRESVSP
  ioc('write', 0x58, 57, 48), // FS_IOC_ZERO_RANGE
];

/** Whether a command is one of those that do_vfs_ioctl looks at before the file does. */
export const isVfsCommand = (cmd: bigint): boolean =>
  UNTOLD.includes(BigInt.asUintN(32, cmd)) || isOneOf(cmd, [...ANSWERED, ...REFUSED, 'FS_IOC_FIEMAP']);

const ANSWERED = ['FIOCLEX', 'FIONCLEX', 'FIONBIO', 'FIGETBSZ'] as const;
const REFUSED = [
  'FIONREAD',
  'FIOQSIZE',
  'FIBMAP',
  'FS_IOC_GETFLAGS',
  'FS_IOC_GETFSUUID',
  'FS_IOC_RESVSP',
] as const;

/** FIONBIO reads a number, FIGETBSZ writes one. */
const isPutOrGet = (v: V): boolean =>
  isGmem(v) && (is(v, 'FIONBIO') || (is(v, 'FIGETBSZ') && v.step.arg !== 'readonly'));

/** Commands of every descriptor (fs/ioctl.c do_vfs_ioctl), and those that need a file of another kind. */
export const VFS_COMMANDS: readonly Rule<'ioctl'>[] = [
  succeed('gmem.fd.vfs-ioctls', (v) => is(v, 'FIOCLEX'), {
    effects: [effect('gmem.fd.vfs-ioctls', ({ state, step }) => withCloexec(state, step.on, true))],
  }),
  succeed('gmem.fd.vfs-ioctls', (v) => is(v, 'FIONCLEX'), {
    effects: [effect('gmem.fd.vfs-ioctls', ({ state, step }) => withCloexec(state, step.on, false))],
  }),
  refuse('gmem.fd.vfs-ioctls', 'EFAULT', (v) => isPutOrGet(v) && argumentOf(v.step) === 'nothing'),
  succeed('gmem.fd.vfs-ioctls', (v) => isPutOrGet(v) && argumentOf(v.step) === 'zeros'),
  refuse('gmem.fd.vfs-ioctls', 'EOPNOTSUPP', (v) => is(v, 'FS_IOC_FIEMAP') && isGmem(v)),
  refuse('gmem.fd.vfs-ioctls', 'ENOTTY', (v) => is(v, ...REFUSED) && isGmem(v)),
];
