// SPDX-License-Identifier: GPL-2.0-only
import { find } from './host-pages.js';
import type { Access, Finding } from './host-pages.js';
import { gmemIsOpen } from './look.js';
import type { Found } from './look.js';
import type { Gmem, Mapping, Slot, Vm } from './objects.js';
import { at } from './ranges.js';
import { self } from './state.js';
import type { Id, State } from './state.js';
import type { World } from './world.js';

/** A page of a guest, as the state has it. */
export interface GuestPage {
  readonly world: World;
  readonly state: State;
  readonly vm: Vm;
  readonly vmId: Id;
  /** Guest physical address, pages. */
  readonly frame: number;
  /** The slot that has the address; none outside of memory. */
  readonly slot?: Slot;
}

/** KVM_MEMORY_ATTRIBUTE_PRIVATE */
const PRIVATE = 8n;

/** The page of a VM at a guest frame, in the address space that guests run in outside of SMM. */
export function guestPage(
  world: World,
  state: State,
  { id: vmId, it: vm }: Found<Vm>,
  frame: number,
): GuestPage {
  const gpa = BigInt(frame) * BigInt(world.pageSize);
  for (const [id, slot] of vm.slots) {
    if (id < 1n << 16n && slot.gpa <= gpa && gpa < slot.gpa + slot.size)
      return { world, state, vm, vmId, frame, slot };
  }
  return { world, state, vm, vmId, frame };
}

/** Pages from the start of its slot. */
function pageOfSlot({ world, frame, slot }: GuestPage): number {
  return slot ? frame - Number(slot.gpa / BigInt(world.pageSize)) : 0;
}

/** The file of the slot, unless it was closed everywhere. */
export function fileOf({ state, slot }: GuestPage): Found<Gmem> | undefined {
  const it = slot?.gmem === undefined ? undefined : state.gmems.get(slot.gmem);
  return slot?.gmem !== undefined && it && gmemIsOpen(state, slot.gmem) ? { id: slot.gmem, it } : undefined;
}

/** The page of the slot's file that the guest page is bound to, counted from the start of the file. */
export const pageInFile = (page: GuestPage): number => (page.slot?.firstPage ?? 0) + pageOfSlot(page);

/** Whether the attributes of the VM say that the page is private. */
const attributesSayPrivate = ({ vm, frame }: GuestPage): boolean =>
  ((at(vm.attributes, frame) ?? 0n) & PRIVATE) !== 0n;

/** The file whose state counts: dialect 1 keeps none for files that cannot be mapped. */
function trackingFile(page: GuestPage): Found<Gmem> | undefined {
  const file = page.world.has('conversion') ? fileOf(page) : undefined;
  return page.world.dialect === 1 && file?.it.mappable === false ? undefined : file;
}

/** Whether VM attributes decide about the page: conversion is off, or of dialect 1 and no file tracks it. */
const attributesDecide = (page: GuestPage): boolean =>
  !page.world.has('conversion') || (page.world.dialect === 1 && trackingFile(page) === undefined);

/** Whether the page is private because the VM's attributes say so. */
export const privateByAttributes = (page: GuestPage): boolean =>
  attributesDecide(page) && attributesSayPrivate(page);

/** Whether the page is private because its file's state says so. */
export function privateByFile(page: GuestPage): boolean {
  const file = trackingFile(page)?.it;
  return file !== undefined && (at(file.states, pageInFile(page)) ?? file.initial) === 'private';
}

/** Whether memory failure took the page of the file. */
export const isPoisoned = (page: GuestPage): boolean =>
  at(fileOf(page)?.it.poisoned ?? [], pageInFile(page)) !== undefined;

const PROT_WRITE = 2n;
/** Addresses below are never mapped (vm.mmap_min_addr). */
const LOWEST = 0x10000n;

/** The page of a mapping that the slot's userspace_addr says; undefined when it is a number. */
export function userPage(page: GuestPage): { map: Found<Mapping>; page: number } | undefined {
  const { user } = page.slot ?? {};
  if (user?.map === undefined) return undefined;
  const it = self(page.state).maps.get(user.map);
  const size = BigInt(page.world.pageSize);
  const first = Number(BigInt.asIntN(64, user.offset) / size);
  return it && { map: { id: user.map, it }, page: first + pageOfSlot(page) };
}

/**
 * Whether what lies at the address is still of the mapping: before its start and behind its end may be others, and
 * so where it was unmapped and something was mapped since.
 */
function isOfMapping(
  { state, world }: GuestPage,
  { map, page }: { map: Found<Mapping>; page: number },
): boolean {
  if (page < 0 || page * world.pageSize >= Number(map.it.length)) return false;
  return at(map.it.prot, page) !== undefined || Math.max(...self(state).maps.keys()) === map.id;
}

function findInMapping(
  page: GuestPage,
  place: { map: Found<Mapping>; page: number },
  access: Access,
): Finding {
  if (!isOfMapping(page, place)) return 'unknown';
  const { it } = place.map;
  const finding = find(page.state, it, place.page, access);
  // Where only PROT_WRITE is, a page is had for reading if it was written before (kvm_main.c hva_to_pfn_fast).
  const writeOnly = access === 'get' && ((at(it.prot, place.page) ?? 0n) & PROT_WRITE) !== 0n;
  return finding === 'forbidden' && writeOnly ? 'unknown' : finding;
}

/** What a reference that KVM takes through userspace_addr finds. */
export function findUser(page: GuestPage, access: Access): Finding {
  const place = userPage(page);
  if (place) return findInMapping(page, place, access);
  const { user } = page.slot ?? {};
  if (user?.map !== undefined || user === undefined) return 'unknown';
  const address = user.address + BigInt(pageOfSlot(page)) * BigInt(page.world.pageSize);
  return address < LOWEST ? 'nothing mapped' : 'unknown';
}
