// SPDX-License-Identifier: GPL-2.0-only
import { loaded, servedByFile, storedByGuest, usedByGuest, withMmio } from '../core/guest-contents.js';
import { fileOf, findUser, isPoisoned, privateByAttributes, privateByFile } from '../core/guest-pages.js';
import type { GuestPage } from '../core/guest-pages.js';
import type { Finding } from '../core/host-pages.js';
import type { Report } from '../core/outcome.js';
import { at } from '../core/ranges.js';
import { effect, mayRefuse, maySucceed, refuse, silent, succeed } from '../core/rule.js';
import type { Effect, Rule, View } from '../core/rule.js';
import type { State } from '../core/state.js';
import { withHypercall } from './guest-hypercall.js';
import { EXIT, memoryFault, mmio, PRIVATE_FLAG } from './guest-exits.js';
import {
  guestReaches,
  hasFile,
  isMemory,
  isOutOfReach,
  isPrivateAccess,
  isReadOnly,
  meetsChange,
  pageOfStep,
  piecesOf,
} from './guest-view.js';
import type { GuestView } from './guest-view.js';
import { foreignAddressSpace, noIoctl } from './ioctl-target.js';

type Verb = 'vcpu_load' | 'vcpu_store';
type When = (v: GuestView) => boolean;

/** A condition on the page that the access is in. */
const page =
  (holds: (p: GuestPage) => boolean): When =>
  (v) => {
    const p = pageOfStep(v);
    return p !== undefined && holds(p);
  };

const unexplained = { report: (): Report => ({ exit: EXIT.UNKNOWN }) };
const fault = (flags: bigint): { report: (v: GuestView) => Report } => ({
  report: (v) => memoryFault(pageOfStep(v), flags),
});

/**
 * How KVM_RUN with a guest that makes one access fails, or leaves it to userspace (arch/x86/kvm/mmu/mmu.c
 * kvm_mmu_page_fault, kvm_mmu_faultin_pfn, __kvm_mmu_faultin_pfn; arch/arm64/kvm/mmu.c kvm_handle_guest_abort,
 * gmem_abort; virt/kvm/guest_memfd.c kvm_gmem_get_pfn).
 */
function exits<V extends Verb>(access: 'get' | 'get to write'): readonly Rule<V>[] {
  const finds = (...findings: Finding[]): When =>
    page((p) => !servedByFile(p) && findings.includes(findUser(p, access)));
  const writes = access === 'get to write';
  return [
    refuse('linux.fd.closed', 'EBADF', (v: GuestView) => noIoctl(v.state, v.step.vcpu)),
    refuse('gmem.guest.other-mm-eio', 'EIO', (v: GuestView) => foreignAddressSpace(v.state, v.step.vcpu)),
    silent((v) => !guestReaches(v)),
    // How much of an access that crosses into another page happens before an exit is the processor's affair.
    silent((v) => crosses(v) && !piecesOf(v).every((piece) => isMemory(piece.page, access))),
    mayRefuse('gmem.guest.running-vcpu-retry', 'EFAULT', meetsChange, {
      report: (v) => memoryFault(pageOfStep(v), [0n, PRIVATE_FLAG]),
    }),
    refuse('gmem.guest.default-vm-private-file-fault', 'EFAULT', page(isOutOfReach), fault(0n)),
    maySucceed('kvm.guest.stale-mmio', (v) => page(wasMmio)(v) && page(isOutsideOfSlots)(v), {
      report: ({ step }: GuestView) => mmio(step.gpa, writes),
      effects: [ranOn()],
    }),
    mayRefuse('kvm.guest.stale-mmio', 'EFAULT', page(wasMmio), fault(0n)),
    refuse('gmem.guest.vmattr-fault-flags', 'EFAULT', page(isPrivateWithoutFile), fault(PRIVATE_FLAG)),
    refuse('gmem.guest.vmattr-fault-flags', 'EFAULT', page(isPrivateOfLostFile), fault(PRIVATE_FLAG)),
    succeed('gmem.guest.slot-follows-binding', page(isOutsideOfSlots), {
      report: ({ step }: GuestView) => mmio(step.gpa, writes),
      effects: [effect('kvm.guest.stale-mmio', (v) => withMmioFound(v)), ranOn()],
    }),

    refuse(
      'gmem.guest.closed-file-fault',
      'EFAULT',
      page((p) => servedByFile(p) && fileIsGone(p)),
      fault(0n),
    ),
    refuse(
      'gmem.guest.poisoned-ehwpoison',
      'EHWPOISON',
      page((p) => servedByFile(p) && isPoisoned(p)),
      {
        report: (v) => memoryFault(pageOfStep(v), page(isPrivateAccess)(v) ? PRIVATE_FLAG : 0n),
      },
    ),
    succeed('kvm.guest.readonly-slot-mmio', (v) => writes && page(isReadOnly)(v), {
      report: ({ step }: GuestView) => mmio(step.gpa, writes),
      effects: [ranOn()],
    }),
    // Memory that failed is told by a signal, which ends the vCPU's thread.
    silent(finds('unknown', 'failed memory')),
    refuse(
      'gmem.guest.plain-slot-over-private',
      'EFAULT',
      (v) => v.world.has('conversion') && finds('private')(v),
      unexplained,
    ),
    refuse(
      'gmem.guest.mapped-plain-slot',
      'EFAULT',
      (v) => !v.world.has('conversion') && finds('private')(v),
      unexplained,
    ),
    refuse(
      'gmem.guest.no-userspace-memory-efault',
      'EFAULT',
      (v) => page(hasFile)(v) && finds(...NONE)(v),
      unexplained,
    ),
    refuse(
      'gmem.guest.mapped-plain-slot',
      'EFAULT',
      (v) => !page(hasFile)(v) && finds(...NONE)(v),
      unexplained,
    ),
  ];
}

const NONE: readonly Finding[] = ['nothing mapped', 'forbidden', 'guard', 'beyond the end'];

/**
 * Private where a page table entry says MMIO: the fault is one for reserved bits, which KVM takes for a shared access
 * (arch/x86/kvm/mmu/mmu.c kvm_mmu_page_fault).
 */
const wasMmio = (p: GuestPage): boolean => isPrivateAccess(p) && at(p.vm.mmio ?? [], p.frame) !== undefined;
const isOutsideOfSlots = (p: GuestPage): boolean => p.slot === undefined;
const fileIsGone = (p: GuestPage): boolean => hasFile(p) && fileOf(p) === undefined;
const isPrivateWithoutFile = (p: GuestPage): boolean => isPrivateAccess(p) && !hasFile(p);
const isPrivateOfLostFile = (p: GuestPage): boolean => isPrivateAccess(p) && fileIsGone(p);
const isSharedByFile = (p: GuestPage): boolean =>
  servedByFile(p) && !privateByAttributes(p) && !privateByFile(p);
const crosses = (v: GuestView): boolean => piecesOf(v).length > 1;

const withMmioFound = (v: GuestView): State => {
  const p = pageOfStep(v);
  return p ? withMmio(v.state, p, true) : v.state;
};

/** A vCPU that runs leaves a hypercall behind that nobody completed. */
const ranOn = <V extends Verb>(): Effect<V> =>
  effect('gmem.guest.vmm-hypercall-exit', ({ state, step }: GuestView) =>
    withHypercall(state, step.vcpu, false),
  );

interface Served<V extends Verb> {
  report?: (v: View<V>) => Report;
  effects: readonly Effect<V>[];
}

/** Which memory an access that succeeds finds: each page is of one of these kinds. */
function served<V extends Verb>(extra: Served<V>): readonly Rule<V>[] {
  return [
    succeed('kvm.vmattr.selects-memory', page(privateByAttributes), extra),
    succeed('gmem.guest.private-same-page', page(privateByFile), extra),
    succeed('gmem.guest.same-page', page(isSharedByFile), extra),
    succeed(
      'gmem.guest.mapped-plain-slot',
      page((p) => p.slot !== undefined && !servedByFile(p)),
      extra,
    ),
  ];
}

/** Pages are zero when somebody uses them for the first time. */
const usesPages = <V extends Verb>(): Effect<V> =>
  effect('gmem.guest.zero-fill', (v) =>
    piecesOf(v).reduce((state, piece) => usedByGuest(state, piece.page), v.state),
  );

/** The guest loads eight bytes. */
export const VCPU_LOAD: readonly Rule<'vcpu_load'>[] = [
  ...exits<'vcpu_load'>('get'),
  ...served<'vcpu_load'>({ report: valueLoaded, effects: [usesPages(), ranOn()] }),
];

/** The guest stores eight bytes. */
export const VCPU_STORE: readonly Rule<'vcpu_store'>[] = [
  ...exits<'vcpu_store'>('get to write'),
  ...served<'vcpu_store'>({
    effects: [
      usesPages(),
      ranOn(),
      effect('gmem.guest.same-page', (v) => storedByGuest(v.state, piecesOf(v), v.step.value)),
    ],
  }),
];

function valueLoaded(v: View<'vcpu_load'>): Report {
  const value = loaded(piecesOf(v));
  return { value: typeof value === 'bigint' ? value : 'any' };
}
