// SPDX-License-Identifier: GPL-2.0-only
import { CONSTANTS } from '../../uapi/constants.js';
import { decodeIoctl } from '../../uapi/ioctl.js';
import {
  KVM_GMEM_CONVERT_PRIVATE,
  KVM_GMEM_CONVERT_SHARED,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_MEMORY_ATTRIBUTES2_RFC1,
} from '../../uapi/profiles/common.js';
import type { FdKind } from '../core/objects.js';
import type { World } from '../core/world.js';

/** Magic of KVM, and of dialect 1's commands. */
const KVM_IO = 0xae;
const GMEM_IO = 0xaf;

/** Commands of KVM by name: who knows them, and the rule that says what everybody else answers. */
export interface KvmCommands {
  readonly names: readonly string[];
  readonly on: readonly FdKind[];
  readonly rule: string;
}

const UNKNOWN = 'kvm.ioctl.unknown-command';
export const KVM_COMMANDS: readonly KvmCommands[] = [
  { names: ['KVM_GET_API_VERSION', 'KVM_CREATE_VM', 'KVM_GET_VCPU_MMAP_SIZE'], on: ['kvm'], rule: UNKNOWN },
  { names: ['KVM_CHECK_EXTENSION'], on: ['kvm', 'vm'], rule: 'kvm.cap.other-fd' },
  { names: ['KVM_CREATE_VCPU'], on: ['vm'], rule: UNKNOWN },
  { names: ['KVM_ENABLE_CAP'], on: ['vm', 'vcpu'], rule: UNKNOWN },
  {
    names: ['KVM_SET_USER_MEMORY_REGION', 'KVM_SET_USER_MEMORY_REGION2'],
    on: ['vm'],
    rule: 'kvm.slot.other-fd',
  },
  { names: ['KVM_SET_MEMORY_ATTRIBUTES'], on: ['vm'], rule: 'kvm.vmattr.other-fd' },
  { names: ['KVM_CREATE_GUEST_MEMFD'], on: ['vm'], rule: 'gmem.create.other-fd' },
  { names: ['KVM_PRE_FAULT_MEMORY'], on: ['vcpu'], rule: 'kvm.prefault.other-fd' },
  {
    names: ['KVM_RUN', 'KVM_GET_REGS', 'KVM_SET_REGS', 'KVM_GET_SREGS', 'KVM_SET_SREGS', 'KVM_SET_CPUID2'],
    on: ['vcpu'],
    rule: UNKNOWN,
  },
];

/** Whether a command is one of those that a record names. Only its low 32 bits count (fs/ioctl.c). */
export const isOneOf = (cmd: bigint, names: readonly string[]): boolean =>
  names.some((name) => CONSTANTS[name] === BigInt.asUintN(32, cmd));

const NAMES: readonly string[] = KVM_COMMANDS.flatMap(({ names }) => names);

/** Whether a command is one that some descriptor of KVM knows in every dialect. */
export const isKvmCommand = (cmd: bigint): boolean => isOneOf(cmd, NAMES);

const ALL_CONVERSIONS: readonly bigint[] = [
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_MEMORY_ATTRIBUTES2_RFC1,
  KVM_GMEM_CONVERT_SHARED,
  KVM_GMEM_CONVERT_PRIVATE,
];

/** Whether a command is one that some posting of the series gave to guest_memfd. */
export const isConversion = (cmd: bigint): boolean => ALL_CONVERSIONS.includes(BigInt.asUintN(32, cmd));

/** Whether a guest_memfd converts by a command. */
export function converts(world: World, cmd: bigint): boolean {
  if (!world.has('conversion')) return false;
  const exact = BigInt.asUintN(32, cmd);
  return world.dialect === 1
    ? exact === KVM_GMEM_CONVERT_SHARED || exact === KVM_GMEM_CONVERT_PRIVATE
    : exact === KVM_SET_MEMORY_ATTRIBUTES2;
}

/** Whether a command has a magic that no file but KVM's knows. */
export function hasMagicOfKvm(cmd: bigint): boolean {
  const { type } = decodeIoctl(cmd);
  return type === KVM_IO || type === GMEM_IO;
}

/** Numbers of the commands around guest_memfd, of which nobody else uses other directions or sizes. */
const NUMBERS: readonly number[] = [0xd2, 0xd4, 0xd5, 0xd6];

/** Whether a command is nobody's although it looks like one of those around guest_memfd. */
export function isLookalike(cmd: bigint): boolean {
  const { type, nr } = decodeIoctl(cmd);
  if (isKvmCommand(cmd) || isConversion(cmd)) return false;
  return type === GMEM_IO || (type === KVM_IO && NUMBERS.includes(nr));
}

/** Whether a command is KVM_CREATE_GUEST_MEMFD but for its direction, size or magic. */
export const isLikeCreate = (cmd: bigint): boolean => isLookalike(cmd) && decodeIoctl(cmd).nr === 0xd4;
