// SPDX-License-Identifier: GPL-2.0-only
import { servedByFile, usedByGuest, withMmio } from '../core/guest-contents.js';
import { fileOf, findUser, isPoisoned } from '../core/guest-pages.js';
import type { GuestPage } from '../core/guest-pages.js';
import type { Finding } from '../core/host-pages.js';
import type { Report } from '../core/outcome.js';
import { always, effect, mayRefuse, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import type { State } from '../core/state.js';
import { pageAligned, readable, writable } from './argument.js';
import {
  hasFile,
  isMemory,
  isOutOfReach,
  isPrivateAccess,
  meetsChange,
  pageAt,
  pageOfStep,
  vmOfVcpu,
} from './guest-view.js';
import { onlyOn } from './ioctl-target.js';
import { wraps } from './slot-request.js';

type V = View<'pre_fault'>;

/** A condition on the first page of the range, which says how the call fails. */
const first =
  (holds: (p: GuestPage) => boolean) =>
  (v: V): boolean => {
    const p = pageOfStep(v);
    return p !== undefined && holds(p);
  };

/** The range as it was, which is copied back in any case. */
const unchanged = { report: ({ step }: V): Report => left(step.gpa, step.size) };
const left = (gpa: bigint, size: bigint): Report => ({
  gpa: BigInt.asUintN(64, gpa),
  size: BigInt.asUintN(64, size),
});

const finds =
  (...findings: Finding[]): ((p: GuestPage | undefined) => boolean) =>
  (p) =>
    p?.slot !== undefined && !servedByFile(p) && findings.includes(findUser(p, 'get'));
const isWithoutFile = (p: GuestPage): boolean => isPrivateAccess(p) && !hasFile(p);

/** Pages of a call that are followed. */
const MOST_PAGES = 4096;

/**
 * KVM_PRE_FAULT_MEMORY (virt/kvm/kvm_main.c kvm_vcpu_pre_fault_memory, arch/x86/kvm/mmu/mmu.c
 * kvm_arch_vcpu_pre_fault_memory, kvm_tdp_page_prefault).
 */
export const PRE_FAULT: readonly Rule<'pre_fault'>[] = [
  ...onlyOn<'pre_fault'>('vcpu', ({ vcpu }) => vcpu, 'kvm.prefault.other-fd'),
  refuse('kvm.prefault.absent', 'EINVAL', ({ world }) => world.arch === 'aarch64'),
  refuse('kvm.prefault.efault', 'EFAULT', ({ step }) => !readable(step.arg)),
  // What could be mapped is mapped, and the caller does not learn of it.
  refuse('kvm.prefault.efault', 'EFAULT', ({ step }) => !writable(step.arg), {
    ...unchanged,
    effects: [effect('kvm.prefault.success', (v) => (goesAhead(v) ? withPagesUsed(v) : v.state))],
  }),
  refuse('kvm.prefault.argument-einval', 'EINVAL', ({ step }) => step.flags !== 0n, unchanged),
  refuse(
    'kvm.prefault.argument-einval',
    'EINVAL',
    ({ step, world }) => !pageAligned(step.gpa, world.pageSize),
    unchanged,
  ),
  refuse(
    'kvm.prefault.argument-einval',
    'EINVAL',
    ({ step, world }) => !pageAligned(step.size, world.pageSize),
    unchanged,
  ),
  refuse('kvm.prefault.argument-einval', 'EINVAL', ({ step }) => step.size === 0n, unchanged),
  refuse('kvm.prefault.argument-einval', 'EINVAL', ({ step }) => wraps(step.gpa, step.size), unchanged),
  silent((v) => !v.world.has('pre-fault-tdp')),
  refuse('kvm.prefault.not-finalised-eopnotsupp', 'EOPNOTSUPP', isUnfinished, unchanged),
  refuse('kvm.prefault.alias-einval', 'EINVAL', isAlias, unchanged),
  mayRefuse('kvm.prefault.eintr', 'EINTR', ({ world }) => world.has('timer-signal'), unchanged),
  mayRefuse('gmem.guest.running-vcpu-retry', 'EFAULT', meetsChange, unchanged),
  mayRefuse(
    'kvm.prefault.slot-changes-eagain',
    'EAGAIN',
    ({ world }) => world.concurrent === true,
    unchanged,
  ),
  refuse('kvm.prefault.attributes-decide', 'EFAULT', first(isWithoutFile), unchanged),
  refuse(
    'kvm.prefault.no-slot-enoent',
    'ENOENT',
    first((p) => p.slot === undefined),
    { ...unchanged, effects: [effect('kvm.guest.stale-mmio', withMmioFound)] },
  ),
  refuse('kvm.prefault.no-memory-efault', 'EFAULT', first(isOutOfReach), unchanged),
  refuse(
    'kvm.prefault.no-memory-efault',
    'EFAULT',
    first((p) => servedByFile(p) && fileOf(p) === undefined),
    unchanged,
  ),
  refuse(
    'gmem.guest.poisoned-ehwpoison',
    'EHWPOISON',
    first((p) => servedByFile(p) && isPoisoned(p)),
    unchanged,
  ),
  silent((v) => finds('unknown', 'failed memory')(pageAfter(v))),
  refuse(
    'kvm.prefault.no-memory-efault',
    'EFAULT',
    first(finds('nothing mapped', 'forbidden', 'guard', 'beyond the end', 'private')),
    unchanged,
  ),
  // A long call may be interrupted, and what another thread does may end it after any page.
  silent((v) => mappedPages(v) > (v.world.concurrent ? 1 : MOST_PAGES)),
  succeed('kvm.prefault.partial', (v) => mappedPages(v) < pagesAsked(v), {
    report: (v) => {
      const done = BigInt(mappedPages(v)) * BigInt(v.world.pageSize);
      return left(v.step.gpa + done, v.step.size - done);
    },
    effects: [effect('kvm.prefault.partial', withPagesUsed), effect('kvm.guest.stale-mmio', withMmioFound)],
  }),
  succeed('kvm.prefault.success', always, {
    report: ({ step }) => left(step.gpa + step.size, 0n),
    effects: [effect('kvm.prefault.success', withPagesUsed)],
  }),
];

const pagesAsked = ({ step, world }: V): number =>
  Number(BigInt.asUintN(64, step.size) / BigInt(world.pageSize));

/** How many pages from the first on there is memory for. */
function mappedPages(v: V): number {
  const start = pageOfStep(v);
  const most = Math.min(pagesAsked(v), MOST_PAGES + 1);
  let count = 0;
  for (let p = start; p && count < most && isMemory(p, 'get'); p = pageAt(v, p.frame + 1)) count++;
  return count;
}

/** The first page that cannot be mapped, or the one behind the range. */
function pageAfter(v: V): GuestPage | undefined {
  const start = pageOfStep(v);
  return start && pageAt(v, start.frame + mappedPages(v));
}

/** A page without a slot is found to be MMIO. */
function withMmioFound(v: V): State {
  const p = pageAfter(v);
  return p && !p.slot ? withMmio(v.state, p, true) : v.state;
}

function withPagesUsed(v: V): State {
  let { state } = v;
  const start = pageOfStep(v);
  const count = mappedPages(v);
  for (let i = 0; start && i < count; i++) {
    const p = pageAt(v, start.frame + i);
    if (p) state = usedByGuest(state, p);
  }
  return state;
}

/** Whether no argument of the call is wrong, and KVM has page tables to fill (kvm_tdp_map_page). */
const goesAhead = ({ step, world }: V): boolean =>
  world.has('pre-fault-tdp') &&
  step.flags === 0n &&
  step.size !== 0n &&
  pageAligned(step.gpa | step.size, world.pageSize) &&
  !wraps(step.gpa, step.size);

/** Confidential VMs take no memory ahead before they are finalised, which no verb does. */
function isUnfinished(v: V): boolean {
  const type = vmOfVcpu(v)?.type;
  return (type === 'snp' || type === 'tdx') && !v.world.has('coco-launch');
}

/** The bit that tells shared from private is one of two, as the guest was built (arch/x86/kvm/vmx/tdx.c). */
function isAlias(v: V): boolean {
  return vmOfVcpu(v)?.type === 'tdx' && (v.step.gpa & ((1n << 47n) | (1n << 51n))) !== 0n;
}
