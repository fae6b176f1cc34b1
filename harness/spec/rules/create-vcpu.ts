// SPDX-License-Identifier: GPL-2.0-only
import { BOOT_GPA } from '../../program/guest-layout.js';
import { vmOf } from '../core/look.js';
import type { Slot, Vm } from '../core/objects.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set, withCloexec, withObject } from '../core/state.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';
import { descriptorsUsedUp } from './descriptor-limit.js';
import { foreignAddressSpace, noIoctl } from './ioctl-target.js';

type V = View<'create_vcpu'>;

const vmBehind = ({ state, step }: V): Vm | undefined => vmOf(state, step.vm)?.it;

/** More than any configuration has (arch/x86/include/asm/kvm_host.h KVM_MAX_VCPU_IDS, 4 * 4096). */
const TOO_MANY = 16384n;
/** What every configuration has; a GICv2 limits arm64 to 8 (arch/arm64/kvm/vgic/vgic-init.c). */
const ENOUGH = 8n;

/** KVM_CREATE_VCPU (virt/kvm/kvm_main.c kvm_vm_ioctl_create_vcpu). */
export const CREATE_VCPU: readonly Rule<'create_vcpu'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.vm)),
  refuse('kvm.vm.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.vm)),
  refuse('kvm.vcpu.id-einval', 'EINVAL', ({ step }) => BigInt.asUintN(64, step.id) >= TOO_MANY),
  refuse('kvm.vcpu.id-eexist', 'EEXIST', (v) => vmBehind(v)?.vcpuIds.has(v.step.id) === true),
  refuse('linux.fd.emfile', 'EMFILE', ({ state }) => descriptorsUsedUp(state)),
  succeed('kvm.vcpu.made', (v) => vmBehind(v) !== undefined && v.step.id < ENOUGH, {
    effects: [effect('kvm.vcpu.made', withNewVcpu)],
  }),
];

/** Slot of the memory that the guest's code and page tables are in. */
export const BOOT_SLOT = 31n;
/** x86 has two levels of page tables for four gigabytes, arm64 one page of them; code follows. */
const BOOT_BYTES = { x86_64: 7 * 4096, aarch64: 2 * 4096 } as const;

/** The slot of the boot memory, which nothing but the guest's own start uses. */
function bootSlot({ arch, pageSize }: World): Slot {
  const size = Math.ceil(BOOT_BYTES[arch] / pageSize) * pageSize;
  return { gpa: BOOT_GPA, size: BigInt(size), flags: 0n, firstPage: 0 };
}

function withNewVcpu({ state, step, world }: V): State {
  const vm = vmOf(state, step.vm);
  if (!vm) return state;
  const changed: Vm = {
    ...vm.it,
    vcpuIds: new Set([...vm.it.vcpuIds, step.id]),
    slots: vm.it.slots.has(BOOT_SLOT) ? vm.it.slots : set(vm.it.slots, BOOT_SLOT, bootSlot(world)),
  };
  const made = withObject({ ...state, vms: set(state.vms, vm.id, changed) }, 'vcpu', step.as, {
    vm: vm.id,
    id: step.id,
  });
  return withCloexec(made, step.as, true);
}
