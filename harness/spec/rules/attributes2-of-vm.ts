// SPDX-License-Identifier: GPL-2.0-only
import { vmOf } from '../core/look.js';
import type { Vm } from '../core/objects.js';
import type { Report } from '../core/outcome.js';
import { put } from '../core/ranges.js';
import { always, effect, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set } from '../core/state.js';
import type { State } from '../core/state.js';
import { hasOtherBits, pageAligned, WRAP } from './argument.js';
import { isReadable, lengthOf, offsetOf, only, pagesOf, PRIVATE, untouched } from './convert-request.js';
import { hasPrivateMemory } from './gmem-flags.js';

type V = View<'set_attributes'>;

const ID = 'dialect.vm-scope.attributes2';
/** error_offset is where an answer would be; VMs give none. */
const asked = { report: (v: V): Report => (isReadable(v) ? { error_offset: v.step.error_offset } : {}) };
const invalid = (when: (v: V) => boolean): Rule<'set_attributes'> => refuse(ID, 'EINVAL', when, asked);

const vmBehind = ({ state, step }: V): Vm | undefined => vmOf(state, step.on)?.it;

/** Attributes that a VM can have (virt/kvm/kvm_main.c kvm_supported_mem_attributes). */
function supported(v: V): bigint {
  const vm = vmBehind(v);
  return vm && hasPrivateMemory(vm) ? PRIVATE : 0n;
}

/** Bits of flags that are content flags in dialect 4 and nothing in dialect 3. */
const EITHER = 3n;

/**
 * KVM_SET_MEMORY_ATTRIBUTES2 of dialects 3 and 4 on a VM, while VMs keep the attributes: what
 * KVM_SET_MEMORY_ATTRIBUTES does (cover.1770071243.git.ackerleytng patch 9).
 */
export const ATTRIBUTES2_OF_VM: readonly Rule<'set_attributes'>[] = only(
  (v) => vmBehind(v) !== undefined && v.world.has('vm-attributes2'),
  [
    refuse(ID, 'EFAULT', (v: V) => !isReadable(v)),
    invalid(({ step }) => step.error_offset !== 0n),
    invalid(({ step }) => step.reserved.some((word) => word !== 0n)),
    invalid(({ step }) => hasOtherBits(step.flags, EITHER)),
    silent(({ step }) => step.flags !== 0n),
    invalid((v) => hasOtherBits(v.step.attributes, supported(v))),
    invalid((v) => lengthOf(v) === 0n),
    invalid((v) => offsetOf(v) + lengthOf(v) >= WRAP),
    invalid((v) => !pageAligned(offsetOf(v), v.world.pageSize)),
    invalid((v) => !pageAligned(lengthOf(v), v.world.pageSize)),
    succeed(ID, always, { report: untouched, effects: [effect(ID, withAttributes)] }),
  ],
);

function withAttributes(v: V): State {
  const found = vmOf(v.state, v.step.on);
  if (!found) return v.state;
  const value = (v.step.attributes & PRIVATE) === 0n ? undefined : PRIVATE;
  const attributes = put(found.it.attributes, ...pagesOf(v), value);
  return { ...v.state, vms: set(v.state.vms, found.id, { ...found.it, attributes }) };
}
