// SPDX-License-Identifier: GPL-2.0-only
import { kindOf, vmOf } from '../core/look.js';
import type { Vm } from '../core/objects.js';
import { refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { CAP } from './cap-numbers.js';
import { hasPrivateMemory, INIT, MAPPABLE } from './gmem-flags.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';
import { SERIES_CAPS } from './series-caps.js';
import { typesBitmap } from './vm-types.js';

type V = View<'check_extension'>;

/** KVM_MEMORY_ATTRIBUTE_PRIVATE. */
const PRIVATE = 8n;
/** KVM_HC_MAP_GPA_RANGE as a bit. */
const MAP_GPA_RANGE = 1n << 12n;

const onVm = ({ state, step }: V): Vm | undefined => vmOf(state, step.on)?.it;
const onPrivateVm = (v: V): boolean => {
  const vm = onVm(v);
  return vm !== undefined && hasPrivateMemory(vm);
};
const asks = ({ step }: V, cap: bigint): boolean => BigInt.asUintN(64, step.cap) === cap;
const isX86 = ({ world }: V): boolean => world.arch === 'x86_64';
const kindIs = ({ state, step }: V, ...kinds: readonly string[]): boolean =>
  kinds.includes(kindOf(state, step.on) ?? '');

/** The answer to one number, where the condition holds. */
const answer = (
  id: string,
  cap: bigint,
  value: (v: V) => bigint,
  when: (v: V) => boolean = () => true,
): Rule<'check_extension'> =>
  succeed(id, (v) => asks(v, cap) && when(v), { report: (v) => ({ value: value(v) }) });

const everywhere = (v: bigint) => (): bigint => v;
const byArch =
  (x86: bigint, arm: bigint) =>
  (v: V): bigint =>
    isX86(v) ? x86 : arm;

/** SHRT_MAX slots, of which x86 keeps three to itself (arch/x86/include/asm/kvm_host.h KVM_INTERNAL_MEM_SLOTS). */
const SLOTS = { x86: 32764n, arm: 32767n } as const;

/** Numbers whose answer is the same in every dialect, or that guest_memfd has in all of them. */
const COMMON_CAPS: readonly Rule<'check_extension'>[] = [
  answer('kvm.cap.user-memory', CAP.USER_MEMORY, everywhere(1n)),
  answer('kvm.cap.user-memory', CAP.READONLY_MEM, everywhere(1n)),
  answer('kvm.cap.user-memory', CAP.CHECK_EXTENSION_VM, everywhere(1n)),
  answer('kvm.slot.id-einval', CAP.NR_MEMSLOTS, byArch(SLOTS.x86, SLOTS.arm)),
  answer('kvm.cap.address-spaces', CAP.MULTI_ADDRESS_SPACE, everywhere(0n), (v) => !isX86(v)),
  answer(
    'kvm.cap.address-spaces',
    CAP.MULTI_ADDRESS_SPACE,
    everywhere(1n),
    (v) => v.world.has('smm') && onPrivateVm(v),
  ),
  answer('kvm.cap.address-spaces', CAP.MULTI_ADDRESS_SPACE, everywhere(2n), (v) => v.world.has('smm')),
  answer('kvm.cap.hypercall-exits', CAP.EXIT_HYPERCALL, byArch(MAP_GPA_RANGE, 0n)),
  answer('kvm.cap.guest-memfd', CAP.USER_MEMORY2, everywhere(1n)),
  answer('kvm.cap.memory-fault-info', CAP.MEMORY_FAULT_INFO, byArch(1n, 0n)),
  answer('kvm.cap.vm-types', CAP.VM_TYPES, (v) => (isX86(v) ? typesBitmap(v.world) : 0n)),
  answer('kvm.cap.pre-fault', CAP.PRE_FAULT_MEMORY, (v) => (v.world.has('pre-fault-tdp') ? 1n : 0n)),
];

const GMEM_CAPS: readonly Rule<'check_extension'>[] = [
  answer('gmem.create.absent', CAP.GUEST_MEMFD, everywhere(0n), (v) => !v.world.has('gmem')),
  answer('kvm.cap.guest-memfd', CAP.GUEST_MEMFD, everywhere(1n)),
  answer('gmem.create.absent', CAP.GUEST_MEMFD_FLAGS, everywhere(0n), (v) => !v.world.has('gmem')),
  answer(
    'kvm.cap.guest-memfd-flags-private-vm-in-place',
    CAP.GUEST_MEMFD_FLAGS,
    everywhere(MAPPABLE | INIT),
    (v) => onPrivateVm(v) && v.world.has('conversion'),
  ),
  answer(
    'kvm.cap.guest-memfd-flags-private-vm',
    CAP.GUEST_MEMFD_FLAGS,
    everywhere(MAPPABLE),
    (v) => onPrivateVm(v) && !v.world.has('conversion'),
  ),
  // /dev/kvm answers with all there is.
  answer(
    'kvm.cap.guest-memfd-flags',
    CAP.GUEST_MEMFD_FLAGS,
    everywhere(MAPPABLE | INIT),
    (v) => !onPrivateVm(v),
  ),
];

/** In dialect 1 attributes of the VM stay beside those of files. */
const inPlace = ({ world }: V): boolean => world.has('conversion') && world.dialect >= 3;

const ATTRIBUTES_CAPS: readonly Rule<'check_extension'>[] = [
  answer('kvm.cap.memory-attributes-in-place', CAP.MEMORY_ATTRIBUTES, everywhere(0n), inPlace),
  answer(
    'kvm.cap.memory-attributes',
    CAP.MEMORY_ATTRIBUTES,
    everywhere(0n),
    (v) => !v.world.has('vm-attributes'),
  ),
  answer(
    'kvm.cap.memory-attributes',
    CAP.MEMORY_ATTRIBUTES,
    everywhere(0n),
    (v) => kindIs(v, 'vm') && !onPrivateVm(v),
  ),
  answer('kvm.cap.memory-attributes', CAP.MEMORY_ATTRIBUTES, everywhere(PRIVATE)),
];

/** Numbers that others own: what they say of their owners, and that they are 0 on the other architectures. */
const FOREIGN_CAPS: readonly Rule<'check_extension'>[] = [
  answer('kvm.cap.foreign-numbers', CAP.X86_APIC_BUS_CYCLES_NS, byArch(1n, 0n)),
  answer('kvm.cap.foreign-numbers', CAP.X86_GUEST_MODE, byArch(1n, 0n)),
  answer('kvm.cap.foreign-numbers', CAP.ARM_WRITABLE_IMP_ID_REGS, byArch(0n, 1n)),
  answer('kvm.cap.foreign-numbers', CAP.RISCV_MP_STATE_RESET, everywhere(0n)),
  answer('kvm.cap.foreign-numbers', CAP.ARM_CACHEABLE_PFNMAP_SUPPORTED, everywhere(0n), isX86),
  answer('kvm.cap.foreign-numbers', CAP.ARM_SEA_TO_USER, byArch(0n, 1n)),
  answer('kvm.cap.foreign-numbers', CAP.ARM_PMU_V3_STRICT, everywhere(0n), isX86),
];

/** Beyond every number of Linux 7.3 and of the series. */
const UNOWNED = 512n;

/** KVM_CHECK_EXTENSION (virt/kvm/kvm_main.c kvm_vm_ioctl_check_extension_generic and what follows it). */
export const CHECK_EXTENSION: readonly Rule<'check_extension'>[] = [
  refuse('kvm.cap.other-fd', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  refuse('kvm.cap.ask-anyone', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.on)),
  refuse(
    'kvm.cap.other-fd',
    'ENOTTY',
    (v) => !kindIs(v, 'kvm', 'vm') && unknownOn(v.world, v.state, v.step.on) === 'ENOTTY',
  ),
  refuse('linux.ioctl.epoll', 'EINVAL', (v) => !kindIs(v, 'kvm', 'vm')),
  ...COMMON_CAPS,
  ...GMEM_CAPS,
  ...ATTRIBUTES_CAPS,
  ...SERIES_CAPS,
  ...FOREIGN_CAPS,
  // arch/arm64/kvm/arm.c kvm_vm_ioctl_check_extension asks the VM, and has none here.
  refuse(
    'kvm.cap.foreign-numbers',
    'EINVAL',
    (v) => asks(v, CAP.ARM_CACHEABLE_PFNMAP_SUPPORTED) && kindIs(v, 'kvm'),
  ),
  succeed('kvm.cap.unknown-is-zero', ({ step }) => BigInt.asUintN(64, step.cap) >= UNOWNED, {
    report: () => ({ value: 0n }),
  }),
];
