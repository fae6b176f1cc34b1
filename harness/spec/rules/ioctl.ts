// SPDX-License-Identifier: GPL-2.0-only
import { kindOf, vcpuOf, vmOf } from '../core/look.js';
import type { FdKind } from '../core/objects.js';
import { refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import type { World } from '../core/world.js';
import {
  converts,
  hasMagicOfKvm,
  isConversion,
  isKvmCommand,
  isLikeCreate,
  isLookalike,
  isOneOf,
  KVM_COMMANDS,
} from './commands.js';
import type { KvmCommands } from './commands.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';
import { argumentOf, isVfsCommand, VFS_COMMANDS } from './vfs-commands.js';

type V = View<'ioctl'>;

/** KVM_API_VERSION, which never changes. */
const API_VERSION = 12n;

const kind = ({ state, step }: V): FdKind | undefined => kindOf(state, step.on);
const is = ({ step }: V, name: string): boolean => isOneOf(step.cmd, [name]);
const unknown = ({ world, state, step }: V): string => unknownOn(world, state, step.on);
/** Whether the argument is the number 0, as a command without an argument wants it. */
const isZero = ({ step }: V): boolean => (step.value ?? (step.arg === 'null' ? 0n : 1n)) === 0n;

/** What a descriptor of KVM or another file answers to a command that it does not know. */
const unknownTo = (id: string, when: (v: V) => boolean): Rule<'ioctl'>[] => [
  refuse(id, 'EINVAL', (v) => kind(v) !== 'gmem' && when(v) && unknown(v) === 'EINVAL'),
  refuse(id, 'ENOTTY', (v) => kind(v) !== 'gmem' && when(v) && unknown(v) === 'ENOTTY'),
];

const notTheirs = ({ names, on, rule }: KvmCommands): Rule<'ioctl'>[] =>
  unknownTo(rule, (v) => isOneOf(v.step.cmd, names) && !on.some((known) => known === kind(v)));

/** What a guest_memfd converts by, given an argument of zeros. */
const converting = (v: V): boolean => kind(v) === 'gmem' && converts(v.world, v.step.cmd);
const inDialect1 = ({ world }: V): boolean => world.dialect === 1;

const CONVERSIONS: readonly Rule<'ioctl'>[] = [
  refuse(
    'dialect.d1.efault',
    'EFAULT',
    (v) => converting(v) && inDialect1(v) && argumentOf(v.step) === 'nothing',
  ),
  succeed('dialect.d1.size-zero', (v) => converting(v) && inDialect1(v) && argumentOf(v.step) === 'zeros'),
  refuse(
    'gmem.attr.efault',
    'EFAULT',
    (v) => converting(v) && !inDialect1(v) && argumentOf(v.step) === 'nothing',
  ),
  refuse(
    'gmem.attr.size-zero-einval',
    'EINVAL',
    (v) => converting(v) && !inDialect1(v) && argumentOf(v.step) === 'zeros',
  ),
];

/** Commands that a guest_memfd does not know: KVM's, other dialects', and everything else. */
const otherwise = (v: V): boolean =>
  kind(v) === 'gmem' &&
  !converts(v.world, v.step.cmd) &&
  !isKvmCommand(v.step.cmd) &&
  !isVfsCommand(v.step.cmd);

const ON_GMEM: readonly Rule<'ioctl'>[] = [
  refuse('gmem.fd.kvm-ioctls-enotty', 'ENOTTY', (v) => kind(v) === 'gmem' && isKvmCommand(v.step.cmd)),
  refuse('gmem.attr.absent-enotty', 'ENOTTY', (v) => otherwise(v) && !v.world.has('conversion')),
  refuse('dialect.d1.commands', 'ENOTTY', (v) => otherwise(v) && v.world.has('conversion') && inDialect1(v)),
  refuse(
    'gmem.attr.command-exact',
    'ENOTTY',
    (v) => otherwise(v) && v.world.has('conversion') && !inDialect1(v),
  ),
];

const creates = (v: V): boolean => kind(v) === 'vm' && is(v, 'KVM_CREATE_GUEST_MEMFD');

const ON_VM: readonly Rule<'ioctl'>[] = [
  refuse(
    'gmem.create.absent',
    'ENOTTY',
    (v) => creates(v) && !v.world.has('gmem') && unknown(v) === 'ENOTTY',
  ),
  refuse('gmem.create.absent', 'EINVAL', (v) => creates(v) && !v.world.has('gmem')),
  refuse('gmem.create.efault', 'EFAULT', (v) => creates(v) && argumentOf(v.step) === 'nothing'),
  refuse('gmem.create.size-einval', 'EINVAL', (v) => creates(v) && argumentOf(v.step) === 'zeros'),
];

const hasConversion = (world: World): boolean => world.has('conversion');

/** KVM_MEMORY_ENCRYPT_OP; what it asks for is the target's doing, of a guest that it builds. */
const encrypts = ({ step, world }: V): boolean =>
  BigInt.asUintN(32, step.cmd) === 0xc008_aeban &&
  world.has('coco-launch') &&
  hasConversion(world) &&
  world.dialect >= 8;
const typeOf = ({ state, step }: V): string | undefined => vmOf(state, step.on)?.it.type;
const typeOfVcpu = ({ state, step }: V): string | undefined =>
  state.vms.get(vcpuOf(state, step.on)?.it.vm ?? 0)?.type;

const LAUNCH: readonly Rule<'ioctl'>[] = [
  succeed('gmem.hardware.snp-launch-update', (v) => encrypts(v) && typeOf(v) === 'snp'),
  succeed('gmem.hardware.tdx-init-mem-region', (v) => encrypts(v) && typeOfVcpu(v) === 'tdx'),
];

/** ioctl(2) by number, for commands that the interface is about or that must not be known. */
export const IOCTL: readonly Rule<'ioctl'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  ...VFS_COMMANDS,
  refuse('kvm.vm.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.on)),
  ...CONVERSIONS,
  ...ON_GMEM,
  succeed('kvm.cap.user-memory', (v) => kind(v) === 'kvm' && is(v, 'KVM_GET_API_VERSION') && isZero(v), {
    report: () => ({ value: API_VERSION }),
  }),
  refuse('kvm.cap.user-memory', 'EINVAL', (v) => kind(v) === 'kvm' && is(v, 'KVM_GET_API_VERSION')),
  ...ON_VM,
  ...LAUNCH,
  ...KVM_COMMANDS.flatMap(notTheirs),
  ...unknownTo('gmem.attr.other-fd', (v) => isConversion(v.step.cmd) && hasConversion(v.world)),
  ...unknownTo('kvm.ioctl.unknown-command', (v) => isConversion(v.step.cmd) && !hasConversion(v.world)),
  ...unknownTo('gmem.create.encoding', (v) => isLikeCreate(v.step.cmd)),
  ...unknownTo('kvm.ioctl.unknown-command', (v) => isLookalike(v.step.cmd) && !isLikeCreate(v.step.cmd)),
  ...unknownTo(
    'kvm.ioctl.unknown-command',
    (v) => kind(v) === 'file' && hasMagicOfKvm(v.step.cmd) && !isKvmCommand(v.step.cmd),
  ),
];

/** ioctl(2) of a 32-bit program, with NULL as argument: a guest_memfd has no compat_ioctl. */
export const COMPAT_IOCTL: readonly Rule<'compat_ioctl'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  succeed(
    'kvm.cap.user-memory',
    ({ state, step }) => kindOf(state, step.on) === 'kvm' && isOneOf(step.cmd, ['KVM_GET_API_VERSION']),
  ),
  refuse('gmem.attr.compat-enotty', 'ENOTTY', (v) => unknownToCompat(v) && v.world.has('conversion')),
  refuse('gmem.attr.absent-enotty', 'ENOTTY', (v) => unknownToCompat(v) && !v.world.has('conversion')),
];

const unknownToCompat = ({ state, step }: View<'compat_ioctl'>): boolean =>
  kindOf(state, step.on) === 'gmem' && hasMagicOfKvm(step.cmd);
