// SPDX-License-Identifier: GPL-2.0-only
import { vmOf } from '../core/look.js';
import type { Vm } from '../core/objects.js';
import { put } from '../core/ranges.js';
import { always, effect, mayRefuse, provided, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set } from '../core/state.js';
import type { Id, State } from '../core/state.js';
import type { World } from '../core/world.js';
import { pageAligned, pageOf, readable, WRAP } from './argument.js';
import { hasPrivateMemory } from './gmem-flags.js';
import { onlyOn } from './ioctl-target.js';

type V = View<'set_vm_attributes'>;

/** KVM_MEMORY_ATTRIBUTE_PRIVATE. */
const PRIVATE = 8n;

const vmBehind = ({ state, step }: V): Vm | undefined => vmOf(state, step.vm)?.it;
const isX86 = ({ world }: V): boolean => world.arch === 'x86_64';

/** Whether the state of pages is kept by files alone; dialect 1 has both. */
const byFiles = (world: World): boolean => world.has('conversion') && world.dialect >= 3;
/** Dialects 3 to 6 look at their switch before anything else; 7 and 8 leave the command as it was compiled. */
const existsBesideFiles = (world: World): boolean => world.has('vm-attributes') && world.dialect >= 7;

const lacksPrivateMemory = (v: V): boolean => {
  const vm = vmBehind(v);
  return vm !== undefined && !hasPrivateMemory(vm);
};
const isEncryptedOnly = (v: V): boolean => ['sev', 'sev_es'].includes(vmBehind(v)?.type ?? '');

/** Whether attributes are other ones than KVM_MEMORY_ATTRIBUTE_PRIVATE, with or without it. */
const isUnknown = (attributes: bigint): boolean => attributes !== 0n && attributes !== PRIVATE;

const isEmpty = ({ step }: V): boolean => step.size === 0n;
const wraps = ({ step }: V): boolean => BigInt.asUintN(64, step.gpa) + BigInt.asUintN(64, step.size) >= WRAP;
const gpaUnaligned = ({ step, world }: V): boolean => !pageAligned(step.gpa, world.pageSize);
const sizeUnaligned = ({ step, world }: V): boolean => !pageAligned(step.size, world.pageSize);

/** The checks while VMs have no attributes to set: the same ones, of which all but attributes 0 end in EINVAL. */
const IN_PLACE = provided<'set_vm_attributes'>(
  ({ world }) => byFiles(world),
  [
    refuse('kvm.vmattr.in-place-efault', 'EFAULT', ({ step }) => !readable(step.arg)),
    refuse('kvm.vmattr.in-place-private-einval', 'EINVAL', ({ step }) => step.attributes === PRIVATE),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', ({ step }) => isUnknown(step.attributes)),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', ({ step }) => step.flags !== 0n),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', isEmpty),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', wraps),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', gpaUnaligned),
    refuse('kvm.vmattr.in-place-clear-is-noop', 'EINVAL', sizeUnaligned),
    succeed('kvm.vmattr.in-place-clear-is-noop', always),
  ],
);

/** The checks and the change where VMs keep attributes. */
const ON_VM = provided<'set_vm_attributes'>(
  ({ world }) => !byFiles(world),
  [
    refuse('kvm.vmattr.efault', 'EFAULT', ({ step }) => !readable(step.arg)),
    refuse('kvm.vmattr.flags-einval', 'EINVAL', ({ step }) => step.flags !== 0n),
    refuse('kvm.vmattr.sev-vm-einval', 'EINVAL', (v) => isEncryptedOnly(v) && v.step.attributes !== 0n),
    refuse(
      'kvm.vmattr.default-vm-einval',
      'EINVAL',
      (v) => lacksPrivateMemory(v) && !isEncryptedOnly(v) && v.step.attributes !== 0n,
    ),
    refuse('kvm.vmattr.attributes-einval', 'EINVAL', ({ step }) => isUnknown(step.attributes)),
    refuse('kvm.vmattr.range-einval', 'EINVAL', isEmpty),
    refuse('kvm.vmattr.range-einval', 'EINVAL', wraps),
    refuse('kvm.vmattr.range-einval', 'EINVAL', gpaUnaligned),
    refuse('kvm.vmattr.range-einval', 'EINVAL', sizeUnaligned),
    mayRefuse('kvm.vmattr.enomem', 'ENOMEM', ({ world }) => world.has('failing-allocations')),
    succeed('kvm.vmattr.private-set-and-clear', always, {
      effects: [
        effect('kvm.vmattr.private-set-and-clear', ({ state, step, world }) => {
          const vm = vmOf(state, step.vm);
          return vm ? withAttributes(state, vm.id, step, world) : state;
        }),
      ],
    }),
  ],
);

/** KVM_SET_MEMORY_ATTRIBUTES (virt/kvm/kvm_main.c kvm_vm_ioctl, kvm_vm_ioctl_set_mem_attributes). */
export const SET_VM_ATTRIBUTES: readonly Rule<'set_vm_attributes'>[] = [
  ...onlyOn<'set_vm_attributes'>('vm', ({ vm }) => vm, 'kvm.vmattr.other-fd', 'kvm.vmattr.other-mm-eio'),
  refuse('kvm.vmattr.absent', 'EINVAL', (v) => !isX86(v)),
  refuse(
    'kvm.vmattr.in-place-absent-enotty',
    'ENOTTY',
    ({ world }) => byFiles(world) && !existsBesideFiles(world),
  ),
  refuse('kvm.vmattr.absent', 'ENOTTY', ({ world }) => !byFiles(world) && !world.has('vm-attributes')),
  ...IN_PLACE,
  ...ON_VM,
];

/** Guest addresses with attributes, of a request of either form. */
interface Request {
  /** Bytes, both multiples of the page size. */
  readonly gpa: bigint;
  readonly size: bigint;
  readonly attributes: bigint;
}

/** The state after a VM set the attributes of a guest range; attributes 0 leave none. */
export function withAttributes(state: State, vm: Id, request: Request, world: World): State {
  const it = state.vms.get(vm);
  if (!it) return state;
  const from = pageOf(BigInt.asUintN(64, request.gpa), world.pageSize);
  const to = from + pageOf(BigInt.asUintN(64, request.size), world.pageSize);
  const value = request.attributes === 0n ? undefined : request.attributes;
  return { ...state, vms: set(state.vms, vm, { ...it, attributes: put(it.attributes, from, to, value) }) };
}
