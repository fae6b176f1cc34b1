// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf, vmOf } from '../core/look.js';
import { ZERO } from '../core/memory.js';
import type { Gmem, Vm } from '../core/objects.js';
import { NOWHERE } from '../core/ranges.js';
import { always, effect, mayRefuse, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withGmemChanged, withObject } from '../core/state.js';
import type { State } from '../core/state.js';
import { descriptorsUsedUp } from './descriptor-limit.js';
import { hasOtherBits, pageAligned, pageOf, readable } from './argument.js';
import { hasPrivateMemory, INIT, MAPPABLE } from './gmem-flags.js';
import { onlyOn } from './ioctl-target.js';

type V = View<'create_gmem'>;

const vmBehind = ({ state, step }: V): Vm | undefined => vmOf(state, step.vm)?.it;

/** KVM_CREATE_GUEST_MEMFD (virt/kvm/guest_memfd.c kvm_gmem_create). */
export const CREATE_GMEM: readonly Rule<'create_gmem'>[] = [
  ...onlyOn<'create_gmem'>(
    'vm',
    ({ vm }) => vm,
    'gmem.create.other-fd',
    'gmem.create.other-mm-eio',
    'gmem.create.closed-vm-ebadf',
  ),
  refuse('gmem.create.absent', 'EINVAL', (v) => !v.world.has('gmem') && v.world.arch === 'aarch64'),
  refuse('gmem.create.absent', 'ENOTTY', ({ world }) => !world.has('gmem')),
  refuse('gmem.create.efault', 'EFAULT', ({ step }) => !readable(step.arg)),
  refuse('gmem.create.flags-private-vm-init-shared-einval', 'EINVAL', (v) => {
    const vm = vmBehind(v);
    return vm !== undefined && hasPrivateMemory(vm) && !v.world.has('conversion') && asks(v, INIT);
  }),
  refuse(
    'dialect.d1.flags-init-private-alone-einval',
    'EINVAL',
    (v) => v.world.dialect === 1 && asks(v, INIT) && !asks(v, MAPPABLE),
  ),
  refuse('dialect.d1.flags-unknown-einval', 'EINVAL', (v) => v.world.dialect === 1 && asksUnknown(v)),
  refuse('gmem.create.flags-unknown-einval', 'EINVAL', (v) => v.world.dialect !== 1 && asksUnknown(v)),
  refuse('gmem.create.size-einval', 'EINVAL', ({ step }) => BigInt.asIntN(64, step.size) <= 0n),
  refuse('gmem.create.size-einval', 'EINVAL', ({ step, world }) => !pageAligned(step.size, world.pageSize)),
  refuse('gmem.create.emfile', 'EMFILE', ({ state }) => descriptorsUsedUp(state)),
  mayRefuse('gmem.create.enomem', 'ENOMEM', ({ world }) => world.has('failing-allocations')),
  succeed('gmem.create.size-any-multiple', always, {
    effects: [
      effect('gmem.create.distinct-files', withNewFile),
      effect('gmem.mmap.enodev-without-flag', unmappable),
      effect('dialect.d1.initially-shared', sharedInDialect1),
      effect('gmem.state.initially-shared', shared),
    ],
  }),
];

function asks({ step }: V, flag: bigint): boolean {
  return (step.flags & flag) !== 0n;
}

function asksUnknown({ step }: V): boolean {
  return hasOtherBits(step.flags, MAPPABLE | INIT);
}

/** A file of its own: no pages, nothing of an earlier file. */
function withNewFile({ state, step, world }: V): State {
  return withObject(state, 'gmem', step.as, {
    vm: vmOf(state, step.vm)?.id ?? 0,
    pages: pageOf(step.size, world.pageSize),
    flags: step.flags,
    states: NOWHERE,
    initial: 'private',
    mappable: true,
    allocated: NOWHERE,
    used: NOWHERE,
    contents: ZERO,
    poisoned: NOWHERE,
  });
}

function changed({ state, step }: V, changes: Partial<Gmem>): State {
  const gmem = gmemOf(state, step.as);
  return gmem ? withGmemChanged(state, gmem.id, changes) : state;
}

function unmappable(v: V): State {
  return asks(v, MAPPABLE) ? v.state : changed(v, { mappable: false });
}

/** Its flag says that pages are private at first, which those of a file that cannot be mapped are anyway. */
function sharedInDialect1(v: V): State {
  const says = v.world.dialect === 1 && asks(v, MAPPABLE) && !asks(v, INIT);
  return says ? changed(v, { initial: 'shared' }) : v.state;
}

function shared(v: V): State {
  return v.world.dialect !== 1 && asks(v, INIT) ? changed(v, { initial: 'shared' }) : v.state;
}
