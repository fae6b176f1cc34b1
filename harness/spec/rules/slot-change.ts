// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf, vmOf } from '../core/look.js';
import type { Gmem, Slot } from '../core/objects.js';
import type { View } from '../core/rule.js';
import { set, without } from '../core/state.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';
import { pageOf } from './argument.js';
import { flagsOf, gpaOf, sizeOf, slotId, userAddress, wantsFile } from './slot-request.js';
import type { Asking } from './slot-request.js';

/** The slot that a request asks for. */
function newSlot(v: View<'bind'>): Slot {
  const plain = { gpa: gpaOf(v), size: sizeOf(v), flags: flagsOf(v), user: userAddress(v), firstPage: 0 };
  const file = v.step.gmem === undefined || !wantsFile(v) ? undefined : gmemOf(v.state, v.step.gmem);
  if (!file) return plain;
  const firstPage = pageOf(v.step.offset, v.world.pageSize);
  return { ...plain, gmem: file.id, firstPage };
}

/** The state with the slot that a request asks for, in the place of what had its id. */
export function withSlot(v: View<'bind'>): State {
  const vm = vmOf(v.state, v.step.vm);
  if (!vm) return v.state;
  const slots = set(vm.it.slots, slotId(v.step.slot), newSlot(v));
  return { ...v.state, vms: set(v.state.vms, vm.id, { ...vm.it, slots }) };
}

/** The state with a slot whose file serves shared accesses, too, if the file is one that does (KVM_MEMSLOT_GMEM_ONLY). */
function withFileServing(v: View<'bind'>, serves: (file: Gmem, world: World) => boolean): State {
  const vm = vmOf(v.state, v.step.vm);
  const id = slotId(v.step.slot);
  const slot = vm?.it.slots.get(id);
  const file = slot?.gmem === undefined ? undefined : v.state.gmems.get(slot.gmem);
  if (!vm || !slot || !file || !serves(file, v.world)) return v.state;
  const slots = set(vm.it.slots, id, { ...slot, fileOnly: true as const });
  return { ...v.state, vms: set(v.state.vms, vm.id, { ...vm.it, slots }) };
}

/** A file that can be mapped serves every access of its slot (kvm_gmem_prepare_memory_region). */
export const withMappableServing = (v: View<'bind'>): State => withFileServing(v, (file) => file.mappable);

/** As applied, one that cannot be mapped does so as well (kvm-x86 coco 2e646bcfcf90). */
export const withUnmappableServing = (v: View<'bind'>): State =>
  withFileServing(v, (file, world) => !file.mappable && world.dialect >= 8 && world.has('conversion'));

/** The state without the slot that a request names. */
export function withoutSlot(v: Asking): State {
  const vm = vmOf(v.state, v.step.vm);
  if (!vm) return v.state;
  const slots = without(vm.it.slots, slotId(v.step.slot));
  return { ...v.state, vms: set(v.state.vms, vm.id, { ...vm.it, slots }) };
}
