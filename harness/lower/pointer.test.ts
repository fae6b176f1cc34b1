// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../program/make.js';
import { POINTERS } from '../program/params.js';
import type { Pointer } from '../program/params.js';
import { lowered } from './lower.test-helper.js';
import type { Lowered } from './lower.js';
import type { WireOp } from './wire.js';

const create = (arg: Pointer): Lowered =>
  lowered([
    step('create_vm', {}),
    step('create_gmem', { size: 0x1122_3344_5566_7788n, flags: 3n, reserved: [1n, 2n, 3n, 4n, 5n, 6n], arg }),
  ]);

type Syscall = Extract<WireOp, { code: 'syscall' }>;
const syscalls = ({ wire }: Lowered): Syscall[] => wire.ops.filter((op) => op.code === 'syscall');
/** The argument of the last ioctl. */
const pointerOf = (l: Lowered) => syscalls(l).at(-1)?.args[2];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** struct kvm_create_guest_memfd, little-endian: size, flags, six reserved words. */
const BYTES =
  '8877665544332211' + '0300000000000000' + [1, 2, 3, 4, 5, 6].map((n) => `0${n}00000000000000`).join('');

describe('a structure argument', () => {
  it.each(POINTERS)('has its bytes in the blob, whatever the pointer: %s', (pointer) => {
    expect(hex(create(pointer).wire.blob)).toContain(BYTES);
  });

  it('that is good is passed by its address', () => {
    const { wire } = create('good');
    const arg = pointerOf(create('good'));
    expect(arg?.kind).toBe('blob');
    const at = Number(arg?.add);
    expect(at % 8).toBe(0);
    expect(hex(wire.blob.subarray(at, at + 64))).toBe(BYTES);
  });

  it('that is unaligned lies at an odd address', () => {
    const { wire } = create('unaligned');
    const at = Number(pointerOf(create('unaligned'))?.add);
    expect(at % 2).toBe(1);
    expect(hex(wire.blob.subarray(at, at + 64))).toBe(BYTES);
  });

  it('that is NULL is zero', () => expect(pointerOf(create('null'))).toEqual({ kind: 'imm', add: 0n }));

  it('that is unmapped points at a page without access', () => {
    const l = create('unmapped');
    const page = l.wire.ops.findIndex((op) => op.code === 'syscall' && op.resultIsMapping);
    expect(l.wire.ops[page]).toMatchObject({
      args: [{ add: 0n }, { add: 4096n }, { add: 0n }, { add: 0x22n }, {}, {}],
    });
    expect(pointerOf(l)).toEqual({ kind: 'ret', ref: page, add: 0n });
  });

  it('that is read-only is copied to a page that is then protected', () => {
    const l = create('readonly');
    const codes = l.wire.ops.map((op) => op.code);
    expect(codes.slice(-4)).toEqual(['syscall', 'poke', 'syscall', 'syscall']);
    expect(l.wire.ops.at(-3)).toMatchObject({ code: 'poke', length: 64 });
    expect(syscalls(l).at(-2)).toMatchObject({
      nr: 10,
      args: [{ kind: 'ret' }, { add: 4096n }, { add: 1n }],
    });
  });

  it('that straddles ends 32 bytes behind the last byte of a mapping', () => {
    const l = create('straddle');
    expect(syscalls(l).at(-2)).toMatchObject({ nr: 11, args: [{ kind: 'ret', add: 4096n }, { add: 4096n }] });
    expect(pointerOf(l)).toMatchObject({ kind: 'ret', add: 4096n - 32n });
    expect(l.wire.ops.at(-2)).toMatchObject({ code: 'poke', length: 32, addr: { add: 4096n - 32n } });
  });

  it('that is tight ends with the last byte of a mapping', () => {
    const l = create('tight');
    expect(syscalls(l).at(-2)).toMatchObject({ nr: 11, args: [{ kind: 'ret', add: 4096n }, { add: 4096n }] });
    expect(pointerOf(l)).toMatchObject({ kind: 'ret', add: 4096n - 64n });
    expect(l.wire.ops.at(-2)).toMatchObject({ code: 'poke', length: 64, addr: { add: 4096n - 64n } });
  });
});

describe('members that are known only at run time', () => {
  const bind = step('bind', {
    gpa: 0x1000n,
    size: 0x2000n,
    gmem: 'gmem',
    map: 'm',
    map_offset: 8n,
    pad1: 7n,
    slot: 3n,
  });
  const { wire } = lowered([
    step('create_vm', {}),
    step('create_gmem', { size: 4096n }),
    step('mmap', { of: 'gmem', length: 4096n }),
    bind,
  ]);
  const [vm, gmem, map] = [1, 2, 3];

  it('are written into the structure before the call', () => {
    const patches = wire.ops.filter((op) => op.code === 'patch');
    const at = Number((wire.ops.at(-1) as Syscall).args[2]?.add);
    expect(patches).toEqual([
      { code: 'patch', offset: at + 24, width: 8, value: { kind: 'ret', ref: map, add: 8n } },
      { code: 'patch', offset: at + 40, width: 4, value: { kind: 'ret', ref: gmem, add: 0n } },
    ]);
    expect(wire.ops.at(-1)).toMatchObject({ args: [{ kind: 'ret', ref: vm }, { add: 0x40a0ae49n }, {}] });
  });

  it('leave the others as struct kvm_userspace_memory_region2 has them', () => {
    const at = Number((wire.ops.at(-1) as Syscall).args[2]?.add);
    const view = new DataView(wire.blob.buffer, wire.blob.byteOffset + at, 160);
    expect([view.getUint32(0, true), view.getUint32(4, true), view.getUint32(44, true)]).toEqual([3, 4, 7]);
    expect([view.getBigUint64(8, true), view.getBigUint64(16, true)]).toEqual([0x1000n, 0x2000n]);
  });
});
