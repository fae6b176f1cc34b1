// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imm, program, syscall } from './programs.test-helper.js';
import { wireProgram } from './wire-arbitrary.test-helper.js';
import { MAX_OPS, WireError, decodeProgram, encodeProgram } from './wire-codec.js';

describe('programs on the wire', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(wireProgram, (value) => {
        expect(decodeProgram(encodeProgram(value))).toEqual(value);
      }),
    );
  });

  it('say which system calls are 32-bit ones', () => {
    const call = { ...syscall('getpid', []), compat: true } as const;
    expect(decodeProgram(encodeProgram(program([call]))).ops[0]).toEqual(call);
    expect(decodeProgram(encodeProgram(program([syscall('getpid', [])]))).ops[0]).not.toHaveProperty(
      'compat',
    );
  });

  it('are refused when cut short or extended', () => {
    fc.assert(
      fc.property(wireProgram, fc.nat(), (value, cut) => {
        const bytes = encodeProgram(value);
        expect(() => decodeProgram(bytes.subarray(0, cut % bytes.length))).toThrow(WireError);
        expect(() => decodeProgram(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(WireError);
      }),
    );
  });

  it('wrap what is added to an argument to 64 bits', () => {
    const minusOne = program([{ code: 'load', addr: { kind: 'imm', add: -1n }, width: 1 }]);
    expect(decodeProgram(encodeProgram(minusOne)).ops[0]).toEqual({ code: 'load', addr: imm(-1), width: 1 });
  });

  it('are refused with more ops or arguments than the format has room for', () => {
    const many = Array.from({ length: MAX_OPS + 1 }, () => ({ code: 'fork', count: 0 }) as const);
    expect(() => encodeProgram(program(many))).toThrow('Expected at most 65536 ops, got 65537');
    const seven = syscall(
      'getpid',
      Array.from({ length: 7 }, () => imm(0)),
    );
    expect(() => encodeProgram(program([seven]))).toThrow('op 0: expected at most 6 arguments, got 7');
  });

  it('are refused with a number that does not fit its field, naming the op', () => {
    expect(() => encodeProgram(program([{ code: 'fork', count: 2 ** 32 }]))).toThrow(/^op 0 \(fork\):/);
  });

  it.each([
    ['code', 0, 10, 'op 0: unknown code 10'],
    ['argument count', 1, 7, 'op 0: expected at most 6 arguments, got 7'],
    ['width', 4, 3, 'op 0: expected width 1, 2, 4 or 8, got 3'],
    ['argument kind', 16, 5, 'op 0: unknown argument kind 5'],
  ])('are refused with an unknown %s', (_what, offset, value, message) => {
    const bytes = encodeProgram(program([{ code: 'load', addr: imm(0), width: 1 }]));
    bytes.writeUInt8(value, 16 + offset);
    expect(() => decodeProgram(bytes)).toThrow(message);
  });
});
