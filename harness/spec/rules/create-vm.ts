// SPDX-License-Identifier: GPL-2.0-only
import { kindOf } from '../core/look.js';
import { NOWHERE } from '../core/ranges.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withCloexec, withObject } from '../core/state.js';
import type { State } from '../core/state.js';
import { descriptorsUsedUp } from './descriptor-limit.js';
import { noIoctl } from './ioctl-target.js';
import { isKnownType, typeExists, vmTypeOf } from './vm-types.js';

type V = View<'create_vm'>;

/** The descriptor that KVM_CREATE_VM is asked of. */
const DEV_KVM = 'kvm';

/** On arm64 a number is how many bits a guest address has, of which the model knows no limits. */
const isKnown = ({ step, world }: V): boolean => isKnownType(world, vmTypeOf(world, step));

/** KVM_CREATE_VM (virt/kvm/kvm_main.c kvm_dev_ioctl_create_vm). */
export const CREATE_VM: readonly Rule<'create_vm'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state }) => noIoctl(state, DEV_KVM)),
  refuse('linux.fd.emfile', 'EMFILE', ({ state }) => descriptorsUsedUp(state)),
  refuse(
    'kvm.vm.type-einval',
    'EINVAL',
    (v) => isKnown(v) && !typeExists(v.world, vmTypeOf(v.world, v.step)),
  ),
  succeed('kvm.vm.made', (v) => isKnown(v) && kindOf(v.state, DEV_KVM) === 'kvm', {
    effects: [effect('kvm.vm.made', withNewVm)],
  }),
];

/** The descriptor is close-on-exec, other than that of a guest_memfd. */
function withNewVm({ state, step, world }: V): State {
  const made = withObject(state, 'vm', step.as, {
    type: vmTypeOf(world, step),
    mm: state.running,
    slots: new Map(),
    attributes: NOWHERE,
    vcpuIds: new Set(),
    enabled: new Map(),
  });
  return withCloexec(made, step.as, true);
}
