// SPDX-License-Identifier: GPL-2.0-only
import type { UserAddress } from '../core/objects.js';
import type { View } from '../core/rule.js';
import { sizeOf, userAddress } from './slot-request.js';

type V = View<'bind'>;

/** End of user memory in bits, by architecture: of every machine, and of the one that has the most. */
const USER_BITS = { x86_64: { sure: 47n, most: 56n }, aarch64: { sure: 47n, most: 52n } } as const;
/** From either end of user memory every mapping is farther than this (mmap_base leaves room for the stack). */
const NEAR = 1n << 26n;

/** How far a range that begins at `start` is from 0, on the side that is farther. */
const farthest = (start: bigint, size: bigint): bigint => (start < 0n ? -start : start + size);

/** The same of the range that the request claims; that of a mapping is counted from the mapping's start. */
function reach(v: V): bigint {
  const address = userAddress(v);
  if (address.map === undefined) return farthest(BigInt.asUintN(64, address.address), sizeOf(v));
  return farthest(BigInt.asIntN(64, address.offset), sizeOf(v));
}

/** Whether userspace_addr, or the end of the range, is no user address (access_ok). */
export const inKernelHalf = (v: V): boolean => reach(v) > 1n << USER_BITS[v.world.arch].most;

/** Whether it depends on the machine, or on where the mapping is. */
export function maybeInKernelHalf(v: V): boolean {
  const sure = (1n << USER_BITS[v.world.arch].sure) - BigInt(v.world.pageSize);
  return reach(v) > (userAddress(v).map === undefined ? sure : NEAR);
}

/** Whether the slot has this userspace_addr. Mappings are apart from each other. */
export function sameAddress(v: V, old: UserAddress | undefined): boolean {
  const now = userAddress(v);
  if (old?.map !== undefined) return now.map === old.map && now.offset === old.offset;
  return old !== undefined && now.map === undefined && now.address === old.address;
}
