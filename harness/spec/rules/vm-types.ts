// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../../program/step.js';
import type { World } from '../core/world.js';

/** VM types of x86 by number, and the feature of a machine that has them; every machine has the first. */
const X86_TYPES = [
  { type: 'default', feature: undefined },
  { type: 'sw_protected', feature: 'vm-sw-protected' },
  { type: 'sev', feature: 'vm-sev' },
  { type: 'sev_es', feature: 'vm-sev-es' },
  { type: 'snp', feature: 'vm-snp' },
  { type: 'tdx', feature: 'vm-tdx' },
] as const;

/** KVM_VM_TYPE_ARM_PROTECTED, beside a number of address bits that is 0 for 40 (include/uapi/linux/kvm.h). */
const ARM_PROTECTED = 1n << 31n;

/**
 * The type of VM that a step asks for: its name in the vocabulary, or its number as text when it has none. On
 * arm64 every name stands for the only type there is.
 */
export function vmTypeOf(world: World, { type, raw }: Pick<StepOf<'create_vm'>, 'type' | 'raw'>): string {
  if (world.arch !== 'x86_64') {
    if (raw === ARM_PROTECTED) return 'arm_protected';
    return raw === undefined || raw === 0n ? 'default' : raw.toString();
  }
  if (raw !== undefined) return X86_TYPES.find((_, number) => BigInt(number) === raw)?.type ?? raw.toString();
  return type === 'private_capable' ? 'sw_protected' : type;
}

/** Whether the contract says if the machine has VMs of a type. */
export function isKnownType(world: World, type: string): boolean {
  return world.arch === 'x86_64' || type === 'default' || type === 'arm_protected';
}

/** Whether the machine has VMs of a type (arch/x86/kvm/x86.c kvm_is_vm_type_supported). */
export function typeExists(world: World, type: string): boolean {
  if (world.arch !== 'x86_64') return type === 'default' || (type === 'arm_protected' && world.has('pkvm'));
  const known = X86_TYPES.find((t) => t.type === type);
  return known !== undefined && (known.feature === undefined || world.has(known.feature));
}

/** The bitmap of types that KVM_CAP_VM_TYPES is. */
export function typesBitmap(world: World): bigint {
  return X86_TYPES.reduce(
    (bits, { type }, number) => (typeExists(world, type) ? bits | (1n << BigInt(number)) : bits),
    0n,
  );
}
