// SPDX-License-Identifier: GPL-2.0-only
import { kindOf } from '../core/look.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';
import { withoutSlot } from './slot-change.js';
import { oldSlot } from './slot-request.js';

const isVm = ({ state, step }: View<'unbind'>): boolean => kindOf(state, step.vm) === 'vm';

/** KVM_SET_USER_MEMORY_REGION2 with every field but the slot zero (virt/kvm/kvm_main.c kvm_set_memory_region). */
export const UNBIND: readonly Rule<'unbind'>[] = [
  refuse('kvm.slot.other-fd', 'EBADF', ({ state, step }) => noIoctl(state, step.vm)),
  refuse('kvm.slot.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.vm)),
  refuse(
    'kvm.slot.other-fd',
    'EINVAL',
    (v) => !isVm(v) && unknownOn(v.world, v.state, v.step.vm) === 'EINVAL',
  ),
  refuse('kvm.slot.other-fd', 'ENOTTY', (v) => !isVm(v)),
  refuse('kvm.slot.delete-empty-einval', 'EINVAL', (v) => oldSlot(v) === undefined),
  succeed('kvm.slot.delete', isVm, { effects: [effect('kvm.slot.delete-frees-binding', withoutSlot)] }),
];
