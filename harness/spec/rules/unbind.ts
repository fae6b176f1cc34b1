// SPDX-License-Identifier: GPL-2.0-only
import { always, effect, refuse, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { onlyOn } from './ioctl-target.js';
import { withoutSlot } from './slot-change.js';
import { oldSlot } from './slot-request.js';

/** KVM_SET_USER_MEMORY_REGION2 with every field but the slot zero (virt/kvm/kvm_main.c kvm_set_memory_region). */
export const UNBIND: readonly Rule<'unbind'>[] = [
  ...onlyOn<'unbind'>('vm', ({ vm }) => vm, 'kvm.slot.other-fd', 'kvm.slot.other-mm-eio'),
  refuse('kvm.slot.delete-empty-einval', 'EINVAL', (v) => oldSlot(v) === undefined),
  succeed('kvm.slot.delete', always, { effects: [effect('kvm.slot.delete-frees-binding', withoutSlot)] }),
];
