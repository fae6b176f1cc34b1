// SPDX-License-Identifier: GPL-2.0-only
import { mapOf, vmOf } from '../core/look.js';
import type { Slot, UserAddress, Vm } from '../core/objects.js';
import type { View } from '../core/rule.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';
import { WRAP } from './argument.js';
import { hasPrivateMemory } from './gmem-flags.js';

type V = View<'bind'>;
/** What asks a VM for a slot, or for its end. */
export interface Asking {
  readonly step: { readonly vm: string; readonly slot: bigint };
  readonly state: State;
  readonly world: World;
}

/** KVM_MEM_* (include/uapi/linux/kvm.h). */
export const LOG_DIRTY_PAGES = 1n;
export const READONLY = 2n;
export const GUEST_MEMFD = 4n;

/** KVM_MEM_MAX_NR_PAGES (include/linux/kvm_host.h). */
export const MAX_PAGES = (1n << 31n) - 1n;

/** Slots by id that userspace may have; x86 keeps three to itself (include/linux/kvm_host.h KVM_USER_MEM_SLOTS). */
export const userSlots = (world: World): bigint => (world.arch === 'x86_64' ? 32764n : 32767n);

/** Whether the VM has a second address space, for system management mode (kvm_arch_nr_memslot_as_ids). */
export function hasSecondSpace(v: Asking): boolean {
  const vm = vmBehind(v);
  return v.world.has('smm') && vm !== undefined && !hasPrivateMemory(vm);
}

/** The 32 bits of `slot`: address space in the upper half, id in the lower. */
export const slotId = (slot: bigint): bigint => BigInt.asUintN(32, slot);
export const idInSpace = (slot: bigint): bigint => BigInt.asUintN(16, slot);
export const spaceOf = (slot: bigint): bigint => slotId(slot) >> 16n;

/** The flags of a request, 32 bits. */
export function flagsOf({ step }: V): bigint {
  const hasFile = step.gmem !== undefined || step.fd !== undefined;
  return BigInt.asUintN(32, step.flags ?? (hasFile ? GUEST_MEMFD : 0n));
}

/** Whether the slot is to have a guest_memfd. */
export const wantsFile = (v: V): boolean => (flagsOf(v) & GUEST_MEMFD) !== 0n;

/** Whether `start` plus `size` reaches 2^64. */
export const wraps = (start: bigint, size: bigint): boolean =>
  BigInt.asUintN(64, start) + BigInt.asUintN(64, size) >= WRAP;

export const sizeOf = ({ step }: V): bigint => BigInt.asUintN(64, step.size);
export const gpaOf = ({ step }: V): bigint => BigInt.asUintN(64, step.gpa);

/** The VM that is asked; undefined when the descriptor is none. */
export const vmBehind = (v: Asking): Vm | undefined => vmOf(v.state, v.step.vm)?.it;

/** The slot that has the id already. */
export const oldSlot = (v: Asking): Slot | undefined => vmBehind(v)?.slots.get(slotId(v.step.slot));

/** Where userspace_addr points: a mapping counts for more than a number. */
export function userAddress({ state, step }: V): UserAddress {
  const map = step.map === undefined ? undefined : mapOf(state, step.map);
  return map
    ? { map: map.id, offset: step.map_offset }
    : { address: BigInt.asUintN(64, step.userspace_addr) };
}

/** Offset of userspace_addr from a page's start is that of the number that the program gave. */
export const userOffset = ({ step }: V): bigint =>
  step.map === undefined ? step.userspace_addr : step.map_offset;

/** Whether two guest ranges have an address in common. */
export const overlaps = (a: bigint, aSize: bigint, b: bigint, bSize: bigint): boolean =>
  a < b + bSize && b < a + aSize;

/** Slots of the same address space other than the one that the request names. */
export function* neighbours(v: V): Iterable<Slot> {
  const id = slotId(v.step.slot);
  for (const [other, slot] of vmBehind(v)?.slots ?? []) {
    if (other !== id && other >> 16n === id >> 16n) yield slot;
  }
}
