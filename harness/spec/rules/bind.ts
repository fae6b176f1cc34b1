// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf } from '../core/look.js';
import type { Found } from '../core/look.js';
import type { Gmem, Slot } from '../core/objects.js';
import { always, effect, mayRefuse, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { pageAligned, pageOf, readable } from './argument.js';
import { noIoctl, onlyOn } from './ioctl-target.js';
import {
  flagsOf,
  gpaOf,
  GUEST_MEMFD,
  hasSecondSpace,
  idInSpace,
  LOG_DIRTY_PAGES,
  MAX_PAGES,
  neighbours,
  oldSlot,
  overlaps,
  READONLY,
  sizeOf,
  spaceOf,
  userOffset,
  userSlots,
  vmBehind,
  wantsFile,
  wraps,
} from './slot-request.js';
import { beyondGuest, maybeBeyondGuest } from './guest-limit.js';
import { inKernelHalf, maybeInKernelHalf, sameAddress } from './user-address.js';
import { withMappableServing, withoutSlot, withSlot, withUnmappableServing } from './slot-change.js';

type V = View<'bind'>;

const deletes = ({ step }: V): boolean => BigInt.asUintN(64, step.size) === 0n;
const isNew = (v: V): boolean => oldSlot(v) === undefined;
const bound = ({ state, step }: V): Found<Gmem> | undefined =>
  step.gmem === undefined ? undefined : gmemOf(state, step.gmem);
const aligned = (value: bigint, { world }: V): boolean =>
  pageAligned(BigInt.asUintN(64, value), world.pageSize);

/** Numbers of descriptors that no process has, as the limit of open files is below. */
const NO_DESCRIPTOR = 1n << 19n;

/**
 * KVM_SET_USER_MEMORY_REGION2 and its predecessor (virt/kvm/kvm_main.c kvm_vm_ioctl, kvm_set_memory_region,
 * kvm_set_memslot; virt/kvm/guest_memfd.c kvm_gmem_prepare_memory_region, kvm_gmem_commit_memory_region).
 */
export const BIND: readonly Rule<'bind'>[] = [
  ...onlyOn<'bind'>('vm', ({ vm }) => vm, 'kvm.slot.other-fd', 'kvm.slot.other-mm-eio'),
  refuse('kvm.slot.efault', 'EFAULT', ({ step }) => !readable(step.arg)),
  refuse(
    'kvm.slot.v1-command',
    'EINVAL',
    (v) => v.step.version === 1n && (flagsOf(v) & ~(LOG_DIRTY_PAGES | READONLY)) !== 0n,
  ),
  refuse('kvm.slot.id-einval', 'EINVAL', ({ step, world }) => idInSpace(step.slot) >= userSlots(world)),
  refuse(
    'kvm.slot.flags-einval',
    'EINVAL',
    (v) => (flagsOf(v) & ~(LOG_DIRTY_PAGES | READONLY | GUEST_MEMFD)) !== 0n,
  ),
  refuse(
    'kvm.slot.flags-exclusive',
    'EINVAL',
    (v) => wantsFile(v) && (flagsOf(v) & (LOG_DIRTY_PAGES | READONLY)) !== 0n,
  ),
  refuse(
    'kvm.slot.readonly-absent-einval',
    'EINVAL',
    (v) => (flagsOf(v) & READONLY) !== 0n && !v.world.has('readonly-mem'),
  ),
  refuse('kvm.slot.unaligned-einval', 'EINVAL', (v) => !aligned(v.step.size, v)),
  refuse('kvm.slot.unaligned-einval', 'EINVAL', (v) => !aligned(v.step.gpa, v)),
  refuse('kvm.slot.unaligned-einval', 'EINVAL', (v) => !aligned(userOffset(v), v)),
  refuse('kvm.slot.userspace-addr-einval', 'EINVAL', inKernelHalf),
  refuse('kvm.slot.unaligned-einval', 'EINVAL', (v) => wantsFile(v) && !aligned(v.step.offset, v)),
  refuse('kvm.slot.offset-wrap-einval', 'EINVAL', (v) => wantsFile(v) && wraps(v.step.offset, v.step.size)),
  refuse('kvm.slot.id-einval', 'EINVAL', (v) => spaceOf(v.step.slot) >= 2n),
  refuse('kvm.slot.id-einval', 'EINVAL', (v) => spaceOf(v.step.slot) === 1n && v.world.arch === 'aarch64'),
  refuse(
    'kvm.slot.smm-address-space',
    'EINVAL',
    (v) => v.world.arch === 'x86_64' && spaceOf(v.step.slot) === 1n && !hasSecondSpace(v),
  ),
  refuse('kvm.slot.gpa-wrap-einval', 'EINVAL', ({ step }) => wraps(step.gpa, step.size)),
  refuse('kvm.slot.pages-limit', 'EINVAL', (v) => sizeOf(v) / BigInt(v.world.pageSize) > MAX_PAGES),
  mayRefuse('kvm.slot.userspace-addr-einval', 'EINVAL', maybeInKernelHalf),
  refuse('kvm.slot.delete-empty-einval', 'EINVAL', (v) => deletes(v) && isNew(v)),
  succeed('kvm.slot.delete', deletes, { effects: [effect('kvm.slot.delete-frees-binding', withoutSlot)] }),
  refuse('kvm.slot.immutable', 'EINVAL', (v) => !isNew(v) && wantsFile(v)),
  refuse('kvm.slot.immutable', 'EINVAL', (v) => ((oldSlot(v)?.flags ?? 0n) & GUEST_MEMFD) !== 0n),
  refuse('kvm.slot.fixed-einval', 'EINVAL', (v) => differsIn(v, (old) => old.size !== sizeOf(v))),
  refuse('kvm.slot.fixed-einval', 'EINVAL', (v) =>
    differsIn(v, (old) => ((old.flags ^ flagsOf(v)) & READONLY) !== 0n),
  ),
  refuse('kvm.slot.fixed-einval', 'EINVAL', (v) => differsIn(v, (old) => !sameAddress(v, old.user))),
  refuse('kvm.slot.gpa-overlap-eexist', 'EEXIST', overlapsAnother),
  silent((v) => wantsFile(v) && v.step.gmem === undefined && (v.step.fd ?? 0n) < NO_DESCRIPTOR),
  refuse('kvm.slot.fd-ebadf', 'EBADF', (v) => wantsFile(v) && v.step.gmem === undefined),
  refuse(
    'kvm.slot.fd-ebadf',
    'EBADF',
    (v) => wantsFile(v) && v.step.gmem !== undefined && noIoctl(v.state, v.step.gmem),
  ),
  refuse('kvm.slot.fd-not-gmem-einval', 'EINVAL', (v) => wantsFile(v) && bound(v) === undefined),
  refuse('kvm.slot.other-vm-einval', 'EINVAL', (v) => {
    const file = wantsFile(v) ? bound(v) : undefined;
    return file !== undefined && v.state.vms.get(file.it.vm) !== vmBehind(v);
  }),
  refuse('kvm.slot.range-beyond-file-einval', 'EINVAL', reachesBeyondFile),
  refuse('kvm.slot.gpa-limit', 'EINVAL', (v) => v.world.arch === 'x86_64' && beyondGuest(v)),
  mayRefuse('kvm.slot.gpa-limit', 'EINVAL', maybeBeyondGuest),
  refuse('kvm.slot.protected-vm-eperm', 'EPERM', (v) => isProtected(v) && flagsOf(v) !== 0n && !wantsFile(v)),
  refuse('kvm.slot.gpa-limit', 'EFAULT', (v) => v.world.arch === 'aarch64' && beyondGuest(v)),
  refuse(
    'kvm.slot.arm-unmappable-einval',
    'EINVAL',
    (v) => v.world.arch === 'aarch64' && wantsFile(v) && bound(v)?.it.mappable === false,
  ),
  refuse(
    'kvm.slot.arm-mte-einval',
    'EINVAL',
    (v) => wantsFile(v) && vmBehind(v)?.enabled.has(ARM_MTE) === true,
  ),
  refuse('kvm.slot.binding-overlap-eexist', 'EEXIST', takesBoundPages),
  mayRefuse('kvm.slot.enomem', 'ENOMEM', ({ world }) => world.has('failing-allocations')),
  succeed('kvm.slot.well-formed', wantsFile, {
    effects: [
      effect('kvm.slot.well-formed', withSlot),
      // With conversion off gmem.guest.backing-by-mmap-flag is all that decides what a guest runs on.
      effect('kvm.slot.well-formed', withMappableServing),
      effect('gmem.guest.non-mmap-shared-from-file', withUnmappableServing),
    ],
  }),
  succeed('kvm.slot.plain', always, { effects: [effect('kvm.slot.plain', withSlot)] }),
];

/** KVM_CAP_ARM_MTE */
const ARM_MTE = 205n;

/** KVM_VM_TYPE_ARM_PROTECTED, which needs a hypervisor that runs such VMs. */
const isProtected = (v: V): boolean => vmBehind(v)?.type === 'arm_protected';

function differsIn(v: V, differs: (old: Slot) => boolean): boolean {
  const old = oldSlot(v);
  return old !== undefined && differs(old);
}

/** A slot that stays where it is does not ask. */
function overlapsAnother(v: V): boolean {
  if (oldSlot(v)?.gpa === gpaOf(v)) return false;
  for (const other of neighbours(v)) {
    if (overlaps(gpaOf(v), sizeOf(v), other.gpa, other.size)) return true;
  }
  return false;
}

function reachesBeyondFile(v: V): boolean {
  const file = wantsFile(v) ? bound(v) : undefined;
  if (!file) return false;
  const end = BigInt.asUintN(64, v.step.offset) + sizeOf(v);
  return end > BigInt(file.it.pages) * BigInt(v.world.pageSize);
}

/** Whether another slot of the VM, in whichever address space, has pages of the range bound. */
function takesBoundPages(v: V): boolean {
  const file = wantsFile(v) ? bound(v) : undefined;
  if (!file) return false;
  const page = BigInt(v.world.pageSize);
  const first = pageOf(v.step.offset, v.world.pageSize);
  const pages = Number(sizeOf(v) / page);
  for (const slot of vmBehind(v)?.slots.values() ?? []) {
    if (slot.gmem !== file.id) continue;
    if (first < slot.firstPage + Number(slot.size / page) && slot.firstPage < first + pages) return true;
  }
  return false;
}
