// SPDX-License-Identifier: GPL-2.0-only
import { NOWHERE } from '../core/ranges.js';
import { always, effect, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withObject } from '../core/state.js';
import type { State } from '../core/state.js';

/** KVM_CREATE_VM (virt/kvm/kvm_main.c kvm_dev_ioctl_create_vm). */
export const CREATE_VM: readonly Rule<'create_vm'>[] = [
  succeed('kvm.vm.made', always, { effects: [effect('kvm.vm.made', withNewVm)] }),
];

/** The type whose memory can be private is one of its own on x86 alone. */
function withNewVm({ state, step, world }: View<'create_vm'>): State {
  const named = step.raw === undefined ? step.type : step.raw.toString();
  const type = named !== 'private_capable' ? named : world.arch === 'x86_64' ? 'sw_protected' : 'default';
  return withObject(state, 'vm', step.as, {
    type,
    mm: state.running,
    slots: new Map(),
    attributes: NOWHERE,
    vcpuIds: new Set(),
    enabled: new Map(),
  });
}
