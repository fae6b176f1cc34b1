// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, ExprError } from './expr.js';

const names: Record<string, bigint> = { page_size: 4096n, $bit: 3n, '$row.size': 7n };
const run = (s: string) => evaluate(s, (n) => names[n]);

describe('evaluate', () => {
  it.each([
    ['1+2*3', 7n],
    ['(1+2)*3', 9n],
    ['4*page_size-1', 16383n],
    ['1<<$bit|1', 9n],
    ['1<<64', 1n << 64n],
    ['-page_size', -4096n],
    ['~0', -1n],
    ['0xffff_ffff', 0xffffffffn],
    ['$row.size % 4', 3n],
    ['8 & 12 ^ 1', 9n],
    ['100-10-1', 89n],
    [' 7 ', 7n],
  ])('%s is %s', (source, value) => expect(run(source)).toBe(value));

  it.each([
    ['', 'expected a value', 0],
    ['1+', 'expected a value', 2],
    ['1 2', "expected an operator, got '2'", 2],
    ['(1', "expected ')'", 2],
    ['bogus+1', "unknown name 'bogus'", 0],
    ['1/0', 'division by zero', 1],
    ['1<<65', 'expected a shift count from 0 to 64, got 65', 1],
    ['1 ? 2', "expected a number, a name or an operator, got '? 2'", 2],
    ['1+$no', "unknown variable '$no'", 2],
    ['1'.repeat(201), 'expected an expression of at most 200 characters, got 201', 0],
  ])('refuses %j and says where', (source, message, column) => {
    expect(() => run(source)).toThrow(expect.objectContaining({ message, column }) as ExprError);
  });

  it('gives back any 64-bit number written in hex or decimal', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 64n) - 1n), (v) => {
        expect(run(v.toString())).toBe(v);
        expect(run(`0x${v.toString(16)}`)).toBe(v);
      }),
    );
  });

  it('throws nothing but ExprError, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('01x$ab_.+-*/%&|^~()<> ')) }), (s) => {
        try {
          run(s);
        } catch (e) {
          expect(e).toBeInstanceOf(ExprError);
        }
      }),
    );
  });
});
