// SPDX-License-Identifier: GPL-2.0-only
import type { MapOp } from '../../program/map-ops.js';
import type { Handler } from './file-calls.js';
import type { CallContext } from './session.js';

const MAP_FIXED = 0x10n;
const MAP_ANONYMOUS = 0x20n;
const MREMAP_MAYMOVE = 1n;
/** The smallest page there is: a larger one only makes mappings longer, by bytes that no call names. */
const PAGE = 4096n;

/** What a new mapping at a fixed address covers is gone from the old ones. */
function covered(cx: CallContext, base: bigint, length: bigint): void {
  for (const map of cx.table.touched(base, length)) {
    cx.table.forget(map);
    cx.lose(map.name);
  }
}

const rounded = (length: bigint): bigint => ((length + PAGE - 1n) / PAGE) * PAGE;

/** mmap of an object of ours; other memory is of interest only where it replaces that. */
const mmap: Handler = (cx) => {
  const [length, prot, flags, offset] = [cx.number(1), cx.number(2), cx.number(3), cx.number(5)];
  const anonymous = flags !== undefined && (flags & MAP_ANONYMOUS) !== 0n;
  const of = anonymous ? undefined : cx.descriptor(4);
  if (cx.ok) covered(cx, cx.returned, rounded(length ?? 0n));
  if (!of) return false;
  const as = cx.session.name('map');
  const unknown = Object.entries({ length, prot, flags, offset }).flatMap(([n, v]) =>
    v === undefined ? [n] : [],
  );
  // The step lets the kernel choose the address.
  if (((flags ?? 0n) & MAP_FIXED) !== 0n) unknown.push('address');
  const args = { of: of.name, offset: offset ?? 0n, length: length ?? 0n, prot: prot ?? 0n, as };
  cx.step('mmap', { ...args, ...(flags === undefined ? {} : { flags }) }, unknown);
  if (cx.ok) cx.table.maps.push({ name: as, base: cx.returned, length: rounded(length ?? 0n) });
  return true;
};

/** A call on a range. It is a step of the mapping that the address is in. */
const onRange =
  (op: MapOp, arg?: number): Handler =>
  (cx) => {
    const [address, length] = [cx.number(0), cx.number(1)];
    if (address === undefined || length === undefined) return false;
    const within = cx.table.at(address);
    const maps = cx.table.touched(address, length === 0n ? 1n : length);
    if (op === 'munmap' && cx.ok && (maps.length > 1 || (!within && maps.length > 0))) {
      covered(cx, address, length);
      return true;
    }
    if (!within) return false;
    const { map, offset } = within;
    const given = arg === undefined ? 0n : cx.number(arg);
    const unknown = given === undefined ? ['arg'] : [];
    // What lies beyond the end of the mapping is not known.
    if (offset + length > map.length) unknown.push('neighbours');
    cx.step('map_op', { map: map.name, op, offset, length, arg: given ?? 0n }, unknown, {
      value: cx.returned,
    });
    if (op === 'munmap' && cx.ok && offset === 0n && length >= map.length) cx.table.forget(map);
    return true;
  };

const mremap: Handler = (cx) => {
  const [address, length, wanted, flags] = [0, 1, 2, 3].map((i) => cx.number(i));
  const within = address === undefined ? undefined : cx.table.at(address);
  if (!within) return false;
  const { map, offset } = within;
  const plain = flags === MREMAP_MAYMOVE || flags === 0n;
  const whole = offset === 0n && length === map.length;
  const unknown = plain && flags === MREMAP_MAYMOVE && wanted !== undefined ? [] : ['arg'];
  const args = { map: map.name, op: 'mremap', offset, length: length ?? 0n, arg: wanted ?? 0n } as const;
  // What it returns is an address, of which the contract says nothing.
  cx.step('map_op', args, unknown);
  if (!cx.ok) return true;
  cx.table.forget(map);
  if (!plain || !whole) cx.lose(map.name);
  else cx.table.maps.push({ name: map.name, base: cx.returned, length: rounded(wanted ?? 0n) });
  return true;
};

/** Calls on ranges of memory, by name. */
export const MEMORY_CALLS: Readonly<Record<string, Handler>> = {
  mmap,
  munmap: onRange('munmap'),
  mprotect: onRange('mprotect', 2),
  madvise: onRange('madvise', 2),
  mlock: onRange('mlock'),
  msync: onRange('msync', 2),
  mremap,
};
