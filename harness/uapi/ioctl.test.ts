// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeIoctl, ioc } from './ioctl.js';

it('encodes the numbers that kernel headers give', () => {
  expect(ioc('none', 0xae, 0x01, 0)).toBe(0xae01n);
  expect(ioc('write', 0xae, 0x49, 160)).toBe(0x40a0ae49n);
  expect(ioc('write', 0xae, 0xd2, 32)).toBe(0x4020aed2n);
  expect(ioc('readwrite', 0xae, 0xd4, 64)).toBe(0xc040aed4n);
  expect(ioc('readwrite', 0xae, 0xd2, 128)).toBe(0xc080aed2n);
});

it('decodes what it encodes, whatever the upper half of the register holds', () => {
  const dir = fc.constantFrom('none', 'write', 'read', 'readwrite' as const);
  fc.assert(
    fc.property(
      dir,
      fc.nat(0xff),
      fc.nat(0xff),
      fc.nat(0x3fff),
      fc.bigInt(0n, 0xffffffffn),
      (d, t, n, s, up) => {
        expect(decodeIoctl(ioc(d, t, n, s) | (up << 32n))).toEqual({ dir: d, type: t, nr: n, size: s });
      },
    ),
  );
});

it('refuses a field that does not fit', () => {
  expect(() => ioc('read', 0xae, 0x100, 0)).toThrow(RangeError);
  expect(() => ioc('read', 0xae, 1, 0x4000)).toThrow(RangeError);
});
