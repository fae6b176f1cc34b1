// SPDX-License-Identifier: GPL-2.0-only
import { vmOf } from '../core/look.js';
import { succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import type { World } from '../core/world.js';
import { hasPrivateMemory } from './gmem-flags.js';

type V = View<'check_extension'>;

/** KVM_MEMORY_ATTRIBUTE_PRIVATE. */
const PRIVATE = 8n;
/** ZERO and PRESERVE. */
const CONTENT_FLAGS = 3n;

/** Numbers that a posting of the series used: of dialect 1, of RFC v1, and of dialects 3 to 8. */
const USED_BY_THE_SERIES: readonly bigint[] = [240n, 241n, 246n, 247n, 248n, 249n, 250n, 252n];
/** Those that arm64 owns now, for what depends on its CPU. */
const ARM_OWNS: readonly bigint[] = [240n, 241n];

/** The number that a dialect gives to one of its capabilities; undefined when it has none of that name. */
const numberOf = ({ profile }: World, name: string): bigint | undefined => profile.constants[name];
const asks = ({ step, world }: V, name: string): boolean =>
  world.has('conversion') && BigInt.asUintN(64, step.cap) === numberOf(world, name);
const asksOneOf = ({ step }: V, numbers: readonly bigint[]): boolean =>
  numbers.includes(BigInt.asUintN(64, step.cap));

const onDevKvm = ({ state, step }: V): boolean => vmOf(state, step.on) === undefined;
const onPrivateVm = ({ state, step }: V): boolean => {
  const vm = vmOf(state, step.on)?.it;
  return vm !== undefined && hasPrivateMemory(vm);
};
const onConfidentialVm = ({ state, step }: V): boolean =>
  ['sev', 'sev_es', 'snp', 'tdx'].includes(vmOf(state, step.on)?.it.type ?? '');

/** Numbers that a dialect with conversion on answers by a rule of their own. */
const OF_THE_DIALECT = [
  'KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES',
  'KVM_CAP_MEMORY_ATTRIBUTES2',
  'KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS',
] as const;

/** What the command of dialects 3 and 4 on VMs may be known by. */
const asksAttributesOfVms = (v: V): boolean => asksOneOf(v, [247n, 248n]) && v.world.has('vm-attributes2');

const says = (id: string, value: bigint, when: (v: V) => boolean): Rule<'check_extension'> =>
  succeed(id, when, { report: () => ({ value }) });

/** CAP_CONVERSION from dialect 3 on: the attributes that files take. */
const asksConversion = (v: V): boolean =>
  v.world.dialect >= 3 && asks(v, 'KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES');

/** What the numbers of the series say: those of the dialect while conversion is on, and the others' as well. */
export const SERIES_CAPS: readonly Rule<'check_extension'>[] = [
  says('dialect.d1.capability-shared-mem', 1n, (v) => asks(v, 'KVM_CAP_GMEM_SHARED_MEM')),
  says('dialect.d1.capability', 1n, (v) => asks(v, 'KVM_CAP_GMEM_CONVERSION')),
  says('kvm.cap.conversion-dev-kvm', PRIVATE, (v) => asksConversion(v) && onDevKvm(v)),
  says(
    'kvm.cap.conversion-sev-vm',
    PRIVATE,
    (v) => asksConversion(v) && onConfidentialVm(v) && onPrivateVm(v),
  ),
  says('kvm.cap.conversion-sev-vm', 0n, (v) => asksConversion(v) && onConfidentialVm(v)),
  says('kvm.cap.conversion-private-vm', PRIVATE, (v) => asksConversion(v) && onPrivateVm(v)),
  says('kvm.cap.conversion-default-vm', 0n, (v) => asksConversion(v) && !onConfidentialVm(v)),
  says('kvm.cap.vm-attributes2', 0n, (v) => asks(v, 'KVM_CAP_MEMORY_ATTRIBUTES2')),
  says(
    'kvm.cap.content-flags-dev-kvm',
    CONTENT_FLAGS,
    (v) => asks(v, 'KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS') && onDevKvm(v),
  ),
  says(
    'kvm.cap.content-flags',
    CONTENT_FLAGS,
    (v) => asks(v, 'KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS') && onPrivateVm(v) && !onConfidentialVm(v),
  ),
  says(
    'kvm.cap.content-flags',
    0n,
    (v) => asks(v, 'KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS') && !onConfidentialVm(v),
  ),
  // Off, dialects 3 and 4 still have the command on VMs, under one of two numbers that nothing tells apart.
  succeed('dialect.vm-scope.attributes2', asksAttributesOfVms, {
    report: () => ({ value: [0n, PRIVATE] }),
  }),
  says(
    'kvm.cap.conversion-off',
    0n,
    (v) => !v.world.has('conversion') && unowned(v) && !asksAttributesOfVms(v),
  ),
  says(
    'kvm.cap.foreign-numbers',
    0n,
    (v) => v.world.has('conversion') && unowned(v) && !OF_THE_DIALECT.some((name) => asks(v, name)),
  ),
];

function unowned(v: V): boolean {
  return asksOneOf(v, USED_BY_THE_SERIES) && !(v.world.arch === 'aarch64' && asksOneOf(v, ARM_OWNS));
}
