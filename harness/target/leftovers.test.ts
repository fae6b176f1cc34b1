// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { Leftovers } from './leftovers.js';

const mapping = (start: number, end: number): object => ({
  kind: 'mapping',
  start: BigInt(start),
  end: BigInt(end),
});

describe('leftovers of a program', () => {
  it('are given back youngest first, once', () => {
    const left = new Leftovers(4096);
    left.opened(7);
    left.mapped(0x10000n, 1n);
    left.opened(8);
    expect(left.take()).toEqual([{ kind: 'fd', fd: 8 }, mapping(0x10000, 0x11000), { kind: 'fd', fd: 7 }]);
    expect(left.take()).toEqual([]);
  });

  it('do not include what the program closed itself', () => {
    const left = new Leftovers(4096);
    left.opened(7);
    left.closed(7);
    expect(left.take()).toEqual([]);
  });

  it('name a descriptor once when its number was used again', () => {
    const left = new Leftovers(4096);
    left.opened(7);
    left.opened(7);
    expect(left.take()).toEqual([{ kind: 'fd', fd: 7 }]);
  });

  it('keep both ends of a mapping with a hole', () => {
    const left = new Leftovers(4096);
    left.mapped(0x10000n, 0x4000n);
    left.unmapped(0x11000n, 0x1001n);
    expect(left.take()).toEqual([mapping(0x13000, 0x14000), mapping(0x10000, 0x11000)]);
  });

  it('lose every mapping that an unmapping covers', () => {
    const left = new Leftovers(4096);
    left.mapped(0x10000n, 0x1000n);
    left.mapped(0x20000n, 0x2000n);
    left.unmapped(0n, 0x21000n);
    expect(left.take()).toEqual([mapping(0x21000, 0x22000)]);
  });
});
