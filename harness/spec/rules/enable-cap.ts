// SPDX-License-Identifier: GPL-2.0-only
import { kindOf, vmOf } from '../core/look.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set } from '../core/state.js';
import type { State } from '../core/state.js';
import { readable } from './argument.js';
import { CAP } from './cap-numbers.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';

type V = View<'enable_cap'>;

/** KVM_HC_MAP_GPA_RANGE as a bit: the only hypercall that can be had as an exit. */
const MAP_GPA_RANGE = 1n << 12n;

const isVm = ({ state, step }: V): boolean => kindOf(state, step.on) === 'vm';
const isElse = ({ state, step }: V): boolean =>
  !['vm', 'vcpu', 'gmem'].includes(kindOf(state, step.on) ?? '');
const unknown = ({ world, state, step }: V): string => unknownOn(world, state, step.on);
const isX86 = ({ world }: V): boolean => world.arch === 'x86_64';
const argument = ({ step }: V): bigint => step.args[0] ?? 0n;
const of = (v: V, cap: bigint): boolean => isVm(v) && v.step.cap === cap;
const ofHypercalls = (v: V): boolean => isX86(v) && of(v, CAP.EXIT_HYPERCALL);
const ofTags = (v: V): boolean => !isX86(v) && of(v, CAP.ARM_MTE);

/** Capabilities that say what there is, and that nobody enables. */
const ANSWERS: readonly bigint[] = [
  CAP.USER_MEMORY2,
  CAP.MEMORY_FAULT_INFO,
  CAP.MEMORY_ATTRIBUTES,
  CAP.GUEST_MEMFD,
  CAP.VM_TYPES,
  CAP.PRE_FAULT_MEMORY,
  CAP.GUEST_MEMFD_FLAGS,
];

const isConversion = ({ step, world }: V): boolean =>
  world.has('conversion') && step.cap === world.profile.constants['CAP_CONVERSION'];
const isOther = (v: V): boolean => isVm(v) && ANSWERS.includes(v.step.cap);

/** KVM_ENABLE_CAP on a VM; on a vCPU it is another matter (arch/x86/kvm/x86.c kvm_vcpu_ioctl_enable_cap). */
export const ENABLE_CAP: readonly Rule<'enable_cap'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  refuse('kvm.vm.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.on)),
  refuse('gmem.fd.kvm-ioctls-enotty', 'ENOTTY', ({ state, step }) => kindOf(state, step.on) === 'gmem'),
  refuse('kvm.ioctl.unknown-command', 'EINVAL', (v) => isElse(v) && unknown(v) === 'EINVAL'),
  refuse('kvm.ioctl.unknown-command', 'ENOTTY', (v) => isElse(v) && unknown(v) === 'ENOTTY'),
  refuse('kvm.cap.enable-efault', 'EFAULT', ({ step }) => !readable(step.arg)),
  refuse('kvm.cap.conversion-not-enabled', 'EINVAL', (v) => isVm(v) && isConversion(v)),
  refuse('kvm.cap.enable-einval', 'EINVAL', (v) => isOther(v) && !isConversion(v)),
  refuse('gmem.guest.vmm-hypercall-exit', 'EINVAL', (v) => ofHypercalls(v) && v.step.flags !== 0n),
  refuse(
    'gmem.guest.vmm-hypercall-exit',
    'EINVAL',
    (v) => ofHypercalls(v) && (argument(v) & ~MAP_GPA_RANGE) !== 0n,
  ),
  succeed('gmem.guest.vmm-hypercall-exit', ofHypercalls, {
    effects: [effect('gmem.guest.vmm-hypercall-off', withEnabled)],
  }),
  succeed('kvm.slot.arm-mte-einval', (v) => ofTags(v) && v.step.flags === 0n && v.world.has('arm-mte'), {
    effects: [effect('kvm.slot.arm-mte-einval', withEnabled)],
  }),
];

function withEnabled(v: V): State {
  const { state, step } = v;
  const vm = vmOf(state, step.on);
  if (!vm) return state;
  const enabled = set(vm.it.enabled, step.cap, argument(v));
  return { ...state, vms: set(state.vms, vm.id, { ...vm.it, enabled }) };
}
