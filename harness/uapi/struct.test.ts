// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStruct, encodeStruct } from './struct.js';
import type { StructLayout } from './struct.js';
import * as structs from './structs.js';

const all = Object.values<StructLayout>(structs);
/** Members of a union overlap: what one encodes another changes. */
const unions = new Set(['kvm_run']);

describe.each(all.map((s) => [s.name, s] as const))('struct %s', (name, s) => {
  it('keeps every member inside its size and naturally aligned', () => {
    for (const m of s.members) {
      expect(m.offset % m.width, m.name).toBe(0);
      expect(m.offset + m.width * m.count, m.name).toBeLessThanOrEqual(s.size);
    }
  });

  if (unions.has(name)) return;
  it('decodes what it encodes, for every member value', () => {
    const values = fc.record(
      Object.fromEntries(
        s.members.map((m) => {
          const one = fc.bigInt(0n, (1n << BigInt(8 * m.width)) - 1n);
          return [m.name, m.count === 1 ? one : fc.array(one, { minLength: m.count, maxLength: m.count })];
        }),
      ),
    );
    fc.assert(
      fc.property(values, (v) => {
        expect(decodeStruct(s, encodeStruct(s, v))).toEqual({ ...v });
      }),
    );
  });
});

it('wraps a negative value as a C store does', () => {
  const bytes = encodeStruct(structs.kvmCreateGuestMemfd, { size: -1n });
  expect(decodeStruct(structs.kvmCreateGuestMemfd, bytes)['size']).toBe(0xffffffffffffffffn);
});

it('names the member that a layout lacks', () => {
  expect(() => encodeStruct(structs.kvmPreFaultMemory, { attributes: 1n })).toThrow(/no member 'attributes'/);
  expect(() => decodeStruct(structs.kvmPreFaultMemory, new Uint8Array(8))).toThrow(/needs 64 bytes, got 8/);
});
