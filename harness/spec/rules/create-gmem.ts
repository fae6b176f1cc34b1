// SPDX-License-Identifier: GPL-2.0-only
import { kindOf, vmOf } from '../core/look.js';
import { ZERO } from '../core/memory.js';
import type { Vm } from '../core/objects.js';
import { NOWHERE } from '../core/ranges.js';
import { always, effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { lowestFree, self, withObject } from '../core/state.js';
import type { State } from '../core/state.js';
import { hasOtherBits, pageAligned, pageOf, readable } from './argument.js';
import { hasPrivateMemory, INIT, initialState, isMappable, knownFlags, MAPPABLE } from './gmem-flags.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';

type V = View<'create_gmem'>;

const vmBehind = ({ state, step }: V): Vm | undefined => vmOf(state, step.vm)?.it;
const isVm = ({ state, step }: V): boolean => kindOf(state, step.vm) === 'vm';

/** KVM_CREATE_GUEST_MEMFD (virt/kvm/guest_memfd.c kvm_gmem_create). */
export const CREATE_GMEM: readonly Rule<'create_gmem'>[] = [
  refuse('gmem.create.closed-vm-ebadf', 'EBADF', ({ state, step }) => noIoctl(state, step.vm)),
  refuse('gmem.create.other-mm-eio', 'EIO', ({ state, step }) => foreignAddressSpace(state, step.vm)),
  refuse(
    'gmem.create.other-fd',
    'EINVAL',
    (v) => !isVm(v) && unknownOn(v.world, v.state, v.step.vm) === 'EINVAL',
  ),
  refuse('gmem.create.other-fd', 'ENOTTY', (v) => !isVm(v)),
  refuse('gmem.create.efault', 'EFAULT', ({ step }) => !readable(step.arg)),
  refuse('gmem.create.flags-private-vm-init-shared-einval', 'EINVAL', (v) => {
    const vm = vmBehind(v);
    return (
      vm !== undefined && hasPrivateMemory(vm) && !v.world.has('conversion') && (v.step.flags & INIT) !== 0n
    );
  }),
  refuse(
    'dialect.d1.flags-init-private-alone-einval',
    'EINVAL',
    ({ step, world }) => world.dialect === 1 && (step.flags & INIT) !== 0n && !isMappable(step.flags),
  ),
  refuse('gmem.create.flags-unknown-einval', 'EINVAL', (v) => {
    const vm = vmBehind(v);
    return hasOtherBits(v.step.flags, vm ? knownFlags(v.world, vm) : MAPPABLE | INIT);
  }),
  refuse('gmem.create.size-einval', 'EINVAL', ({ step }) => BigInt.asIntN(64, step.size) <= 0n),
  refuse('gmem.create.size-einval', 'EINVAL', ({ step, world }) => !pageAligned(step.size, world.pageSize)),
  refuse('gmem.create.emfile', 'EMFILE', ({ state }) => {
    const { nofile } = self(state);
    return nofile !== undefined && BigInt(lowestFree(self(state))) >= nofile;
  }),
  succeed('gmem.create.size-any-multiple', always, {
    effects: [effect('gmem.create.distinct-files', withNewFile)],
  }),
];

/** A file of its own: no pages, all in the state that the flags say, nothing of an earlier file. */
function withNewFile({ state, step, world }: V): State {
  const vm = vmOf(state, step.vm);
  return withObject(state, 'gmem', step.as, {
    vm: vm?.id ?? 0,
    pages: pageOf(step.size, world.pageSize),
    flags: step.flags,
    states: NOWHERE,
    initial: initialState(world, step.flags),
    mappable: isMappable(step.flags),
    allocated: NOWHERE,
    used: NOWHERE,
    contents: ZERO,
    poisoned: NOWHERE,
  });
}
