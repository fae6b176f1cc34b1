// SPDX-License-Identifier: GPL-2.0-only
import { vcpuOf } from '../core/look.js';
import type { Report } from '../core/outcome.js';
import { effect, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set } from '../core/state.js';
import type { State } from '../core/state.js';
import { EXIT } from './guest-exits.js';
import { guestRuns, vmOfVcpu } from './guest-view.js';
import { foreignAddressSpace, noIoctl } from './ioctl-target.js';
import { wraps } from './slot-request.js';

type V = View<'vcpu_hypercall'>;

/** KVM_CAP_EXIT_HYPERCALL, whose argument has a bit for each hypercall that is to be an exit. */
const CAP_EXIT_HYPERCALL = 201n;
/** KVM_HC_MAP_GPA_RANGE (include/uapi/linux/kvm_para.h) */
const MAP_GPA_RANGE = 12n;
/** KVM_MAP_GPA_RANGE_ENCRYPTED; pages of 4 KiB are size 0. */
const ENCRYPTED = 1n << 4n;
/** The guest's pages have 4 KiB, as x86 has. */
const GUEST_PAGE = 4096n;
/** KVM_ENOSYS and KVM_EINVAL, as a guest sees them. */
const ENOSYS = -1000n;
const EINVAL = -22n;

const answer = (value: bigint): { report: () => Report } => ({ report: () => ({ value }) });

const isEnabled = (v: V): boolean =>
  ((vmOfVcpu(v)?.enabled.get(CAP_EXIT_HYPERCALL) ?? 0n) & (1n << MAP_GPA_RANGE)) !== 0n;

/** A guest asks by KVM_HC_MAP_GPA_RANGE (arch/x86/kvm/x86.c ____kvm_emulate_hypercall). */
export const VCPU_HYPERCALL: readonly Rule<'vcpu_hypercall'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.vcpu)),
  refuse('gmem.guest.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.vcpu)),
  silent((v) => !guestRuns(v)),
  succeed('gmem.guest.vmm-hypercall-off', (v) => !isEnabled(v), answer(ENOSYS)),
  succeed('gmem.guest.vmm-hypercall-einval', ({ step }) => step.gpa % GUEST_PAGE !== 0n, answer(EINVAL)),
  succeed('gmem.guest.vmm-hypercall-einval', ({ step }) => step.pages === 0n, answer(EINVAL)),
  succeed(
    'gmem.guest.vmm-hypercall-einval',
    ({ step }) => wraps(BigInt.asUintN(64, step.gpa) / GUEST_PAGE, step.pages),
    answer(EINVAL),
  ),
  succeed('gmem.guest.vmm-hypercall-exit', isEnabled, {
    report: ({ step }) => ({
      exit: EXIT.HYPERCALL,
      nr: MAP_GPA_RANGE,
      arg0: BigInt.asUintN(64, step.gpa),
      arg1: BigInt.asUintN(64, step.pages),
      arg2: step.to === 'private' ? ENCRYPTED : 0n,
    }),
    effects: [effect('gmem.guest.vmm-hypercall-exit', (v) => withHypercall(v.state, v.step.vcpu, true))],
  }),
];

/** Userspace completes the hypercall, and the guest goes on. */
export const VCPU_RETURN: readonly Rule<'vcpu_return'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => noIoctl(state, step.vcpu)),
  refuse('gmem.guest.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.vcpu)),
  silent((v) => !guestRuns(v)),
  succeed('gmem.guest.vmm-hypercall-exit', (v) => vcpuOf(v.state, v.step.vcpu)?.it.hypercall === true, {
    report: ({ step }) => ({ value: BigInt.asUintN(64, step.value) }),
    effects: [effect('gmem.guest.vmm-hypercall-exit', (v) => withHypercall(v.state, v.step.vcpu, false))],
  }),
];

/** The state with a hypercall of a vCPU that waits for its completion, or none. */
export function withHypercall(state: State, name: string, hypercall: boolean): State {
  const vcpu = vcpuOf(state, name);
  if (!vcpu || (vcpu.it.hypercall === true) === hypercall) return state;
  return { ...state, vcpus: set(state.vcpus, vcpu.id, { ...vcpu.it, hypercall }) };
}
