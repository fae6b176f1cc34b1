// SPDX-License-Identifier: GPL-2.0-only
import { BOOT_GPA, DOORBELL_GPA } from '../../program/guest-layout.js';
import type { Piece } from '../core/guest-contents.js';
import { servedByFile } from '../core/guest-contents.js';
import {
  fileOf,
  findUser,
  guestPage,
  isPoisoned,
  privateByAttributes,
  privateByFile,
} from '../core/guest-pages.js';
import type { GuestPage } from '../core/guest-pages.js';
import type { Access } from '../core/host-pages.js';
import { vcpuOf } from '../core/look.js';
import type { Vm } from '../core/objects.js';
import { within } from '../core/ranges.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';
import { BOOT_SLOT } from './create-vcpu.js';
import { hasPrivateMemory } from './gmem-flags.js';
import { READONLY } from './slot-request.js';

/** A step of a vCPU that names a guest address. */
export interface GuestView {
  readonly step: { readonly vcpu: string; readonly gpa: bigint };
  readonly state: State;
  readonly world: World;
}

/** Bytes of a guest access. */
const SIZE = 8;

/** The VM of the vCPU; undefined when the descriptor is closed or something else. */
export function vmOfVcpu({ state, step }: { state: State; step: { vcpu: string } }): Vm | undefined {
  const vcpu = vcpuOf(state, step.vcpu);
  return vcpu && state.vms.get(vcpu.it.vm);
}

/** The guest page that a frame is; undefined without a vCPU. */
export function pageAt({ world, state, step }: GuestView, frame: number): GuestPage | undefined {
  const id = vcpuOf(state, step.vcpu)?.it.vm;
  const it = id === undefined ? undefined : state.vms.get(id);
  return id !== undefined && it ? guestPage(world, state, { id, it }, frame) : undefined;
}

/** The guest page that the address is in. */
export const pageOfStep = (v: GuestView): GuestPage | undefined =>
  pageAt(v, Number(BigInt.asUintN(64, v.step.gpa) / BigInt(v.world.pageSize)));

/** The pieces of an access of eight bytes: one, or two where it crosses into the next page. */
export function piecesOf(v: GuestView): Piece[] {
  const size = v.world.pageSize;
  const byte = Number(BigInt.asUintN(64, v.step.gpa) % BigInt(size));
  const page = pageOfStep(v);
  if (!page) return [];
  const width = Math.min(SIZE, size - byte);
  const first = { page, byte, width, before: 0 };
  const next = width < SIZE ? pageAt(v, page.frame + 1) : undefined;
  return next ? [first, { page: next, byte: 0, width: SIZE - width, before: width }] : [first];
}

/** Whether the access is private in a VM that has such accesses: software protection follows the page's state. */
export const isPrivateAccess = (p: GuestPage): boolean =>
  hasPrivateMemory(p.vm) && (privateByAttributes(p) || privateByFile(p));

/** Whether the page is private although the VM has no private accesses. */
export const isOutOfReach = (p: GuestPage): boolean => !hasPrivateMemory(p.vm) && privateByFile(p);

export const hasFile = (p: GuestPage): boolean => p.slot?.gmem !== undefined;
export const isReadOnly = (p: GuestPage): boolean => ((p.slot?.flags ?? 0n) & READONLY) !== 0n;

/** Whether an access to the page finds memory. */
export function isMemory(p: GuestPage, access: Access): boolean {
  if (!p.slot || isOutOfReach(p)) return false;
  if (servedByFile(p)) return fileOf(p) !== undefined && !isPoisoned(p);
  return !(access === 'get to write' && isReadOnly(p)) && findUser(p, access) === 'page';
}

/** Addresses that the guest's page tables map: 4 GiB on x86, 512 GiB on arm64. */
const MAPPED = { x86_64: 1n << 32n, aarch64: 1n << 39n } as const;
const GIB = 1n << 30n;

/** A step of a vCPU. */
export type VcpuView = Pick<GuestView, 'state' | 'world'> & { readonly step: { readonly vcpu: string } };

/**
 * Whether the guest can run as the vocabulary means it: its code, page tables and doorbell are as the vCPU's making
 * left them.
 */
export function guestRuns(v: VcpuView): boolean {
  const vm = vmOfVcpu(v);
  const boot = vm?.slots.get(BOOT_SLOT);
  if (!vm || !boot || boot.gpa !== BOOT_GPA || boot.user) return false;
  if (!['default', 'sw_protected'].includes(vm.type)) return false;
  const page = BigInt(v.world.pageSize);
  const [code, bell] = [Number(BOOT_GPA / page), Number(DOORBELL_GPA / page)];
  if (within(vm.attributes, code, code + Number(boot.size / page)).length > 0) return false;
  if (within(vm.attributes, bell, bell + 1).length > 0) return false;
  for (const { gpa, size } of vm.slots.values())
    if (gpa <= DOORBELL_GPA && DOORBELL_GPA < gpa + size) return false;
  return true;
}

/** Whether the guest can access the address, and the address is not of what makes it run. */
export function guestReaches(v: GuestView): boolean {
  if (!guestRuns(v)) return false;
  const boot = vmOfVcpu(v)?.slots.get(BOOT_SLOT)?.size ?? 0n;
  const gpa = BigInt.asUintN(64, v.step.gpa);
  const end = gpa + BigInt(SIZE);
  if (end > MAPPED[v.world.arch]) return false;
  // On arm64 the gigabyte of the doorbell is mapped as a device, which takes no unaligned access.
  const bell = v.world.arch === 'aarch64' ? GIB : BigInt(v.world.pageSize);
  const meets = (from: bigint, size: bigint): boolean => gpa < from + size && end > from;
  return !meets(BOOT_GPA, boot) && !meets(DOORBELL_GPA, bell);
}

/** Whether another thread may change what a page is between KVM's two looks at it. */
export function meetsChange(v: VcpuView): boolean {
  const vm = vmOfVcpu(v);
  return v.world.concurrent === true && vm !== undefined && hasPrivateMemory(vm);
}
