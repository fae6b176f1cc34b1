// SPDX-License-Identifier: GPL-2.0-only
/** One member of a C structure: unsigned integers and arrays of them, at explicit byte offsets. */
export interface Member {
  name: string;
  offset: number;
  /** Bytes of one element. */
  width: 1 | 2 | 4 | 8;
  /** Elements; 1 for a scalar. */
  count: number;
}

/** A C structure as its layout: no padding is implied, every offset is written down. */
export interface StructLayout {
  name: string;
  /** Bytes of the whole structure. */
  size: number;
  members: readonly Member[];
}

/** Values of a structure: scalars as bigint, arrays as bigint[]. Missing members are zero. */
export type StructValue = Readonly<Record<string, bigint | readonly bigint[]>>;

/** Shorthand for a layout; members as [name, offset, width, count?]. */
export function layout(
  name: string,
  size: number,
  members: readonly (readonly [string, number, 1 | 2 | 4 | 8, number?])[],
): StructLayout {
  return {
    name,
    size,
    members: members.map(([n, offset, width, count]) => ({ name: n, offset, width, count: count ?? 1 })),
  };
}

/** The member called `name`. @throws RangeError when the structure has none */
export function member(s: StructLayout, name: string): Member {
  const found = s.members.find((m) => m.name === name);
  if (!found) throw new RangeError(`struct ${s.name} has no member '${name}'`);
  return found;
}

/**
 * Encode little-endian bytes. Values are taken modulo the width of their member, as a C store would.
 * @throws RangeError for a member that the layout lacks or an array that is too long
 */
export function encodeStruct(s: StructLayout, value: StructValue): Uint8Array {
  const bytes = new Uint8Array(s.size);
  const view = new DataView(bytes.buffer);
  for (const [name, v] of Object.entries(value)) {
    const m = member(s, name);
    const list = typeof v === 'bigint' ? [v] : v;
    if (list.length > m.count) {
      throw new RangeError(`struct ${s.name}: '${name}' has ${m.count} elements, got ${list.length}`);
    }
    list.forEach((element, i) => put(view, m.offset + i * m.width, m.width, element));
  }
  return bytes;
}

/** Decode little-endian bytes into all members. @throws RangeError when fewer bytes than the structure has */
export function decodeStruct(s: StructLayout, bytes: Uint8Array): Record<string, bigint | bigint[]> {
  if (bytes.length < s.size) {
    throw new RangeError(`struct ${s.name} needs ${s.size} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out: Record<string, bigint | bigint[]> = {};
  for (const m of s.members) {
    const list = Array.from({ length: m.count }, (_, i) => get(view, m.offset + i * m.width, m.width));
    out[m.name] = m.count === 1 ? (list[0] ?? 0n) : list;
  }
  return out;
}

/** Read an unsigned little-endian integer. */
export function get(view: DataView, offset: number, width: 1 | 2 | 4 | 8): bigint {
  switch (width) {
    case 1:
      return BigInt(view.getUint8(offset));
    case 2:
      return BigInt(view.getUint16(offset, true));
    case 4:
      return BigInt(view.getUint32(offset, true));
    case 8:
      return view.getBigUint64(offset, true);
  }
}

function put(view: DataView, offset: number, width: 1 | 2 | 4 | 8, value: bigint): void {
  switch (width) {
    case 1:
      return view.setUint8(offset, Number(BigInt.asUintN(8, value)));
    case 2:
      return view.setUint16(offset, Number(BigInt.asUintN(16, value)), true);
    case 4:
      return view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
    case 8:
      return view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  }
}
