// SPDX-License-Identifier: GPL-2.0-only
import type { View } from '../core/rule.js';
import { gpaOf, sizeOf, vmBehind } from './slot-request.js';

type V = View<'bind'>;

/** Physical addresses that every x86 machine has, and those that none has, in bits. */
const SURE_BITS = 36n;
const MOST_BITS = 52n;
/** Bits of intermediate physical addresses of a VM made with type 0 (arch/arm64/include/asm/kvm_arm.h). */
const ARM_DEFAULT_BITS = 40n;

const endOf = (v: V): bigint => gpaOf(v) + sizeOf(v);

/** The low byte of an arm64 VM's type is the size of its addresses, 0 for the default. */
function armBits(v: V): bigint {
  const type = vmBehind(v)?.type ?? '';
  const asked = /^\d+$/.test(type) ? BigInt(type) & 0xffn : 0n;
  return asked === 0n ? ARM_DEFAULT_BITS : asked;
}

/** Whether the guest cannot address all of the range. */
export const beyondGuest = (v: V): boolean =>
  endOf(v) > 1n << (v.world.arch === 'x86_64' ? MOST_BITS : armBits(v));

/** Whether it depends on the machine, which has between 36 and 52 bits (kvm_mmu_max_gfn). */
export const maybeBeyondGuest = (v: V): boolean => v.world.arch === 'x86_64' && endOf(v) > 1n << SURE_BITS;
