// SPDX-License-Identifier: GPL-2.0-only
import type { UserAddress } from '../core/objects.js';
import type { View } from '../core/rule.js';
import { sizeOf, userAddress } from './slot-request.js';

type V = View<'bind'>;

/** End of user memory in bits, by architecture: of every machine, and of the one that has the most. */
const USER_BITS = { x86_64: { sure: 47n, most: 56n }, aarch64: { sure: 47n, most: 52n } } as const;
/** Where mappings are, at most: they are all inside of user memory. */
const NEAR = 1n << 40n;

/** The highest address of the range that the request claims; a mapping is far below the end of user memory. */
const highest = (v: V, address: UserAddress): bigint =>
  BigInt.asUintN(64, address.map === undefined ? address.address : address.offset) + sizeOf(v);

/** Whether userspace_addr, or the end of the range, is no user address (access_ok). */
export function inKernelHalf(v: V): boolean {
  return highest(v, userAddress(v)) > 1n << USER_BITS[v.world.arch].most;
}

/** Whether it depends on the machine, or on where the mapping is. */
export function maybeInKernelHalf(v: V): boolean {
  const address = userAddress(v);
  const limit =
    address.map === undefined ? (1n << USER_BITS[v.world.arch].sure) - BigInt(v.world.pageSize) : NEAR;
  return highest(v, address) > limit;
}

/** Whether the slot has this userspace_addr. Mappings are apart from each other. */
export function sameAddress(v: V, old: UserAddress | undefined): boolean {
  const now = userAddress(v);
  if (old?.map !== undefined) return now.map === old.map && now.offset === old.offset;
  return old !== undefined && now.map === undefined && now.address === old.address;
}
