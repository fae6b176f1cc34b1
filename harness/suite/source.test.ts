// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { parseSource } from './source.js';

const text = 'a:\n  - { k: plain, "q": "quo ted" }\n  - block: >-\n      one\n      two\n';
const source = parseSource('x.yaml', text);
const spot = ({ line, column }: { line: number; column: number }): string => `${line}:${column}`;

describe('the place of', () => {
  it('the root is where it begins', () => expect(spot(source.place([]))).toBe('1:1'));
  it('a value is where the value begins', () => expect(spot(source.place(['a', 0, 'k']))).toBe('2:10'));
  it('a key is where the key begins', () => {
    expect(spot(source.keyPlace(['a', 0, 'k']))).toBe('2:7');
    expect(spot(source.keyPlace(['a', 0, 'q']))).toBe('2:17');
  });
  it('something missing is that of what it is missing in', () => {
    expect(spot(source.place(['a', 0, 'no', 'such']))).toBe('2:5');
    expect(spot(source.keyPlace(['a', 0, 'no']))).toBe('2:5');
    expect(spot(source.place(['a', 9]))).toBe('2:3');
  });
  it('a column counts in the text, behind an opening quote', () => {
    expect(spot(source.place(['a', 0, 'k'], 2))).toBe('2:12');
    expect(spot(source.place(['a', 0, 'q'], 4))).toBe('2:27');
  });
  it('a column of folded text is where the text begins', () => {
    expect(spot(source.place(['a', 1, 'block'], 4))).toBe(spot(source.place(['a', 1, 'block'])));
  });
  it('anything shows its line without the line end', () => {
    expect(parseSource('x.yaml', 'a: 1\r\nb: 2\r\n').place(['b'])).toEqual({
      file: 'x.yaml',
      line: 2,
      column: 4,
      text: 'b: 2',
    });
  });
});

describe('data', () => {
  it('has every integer as a bigint and nothing but what is written', () => {
    expect(parseSource('x', '{ a: 0xffffffffffffffff, b: -1, c: 1.5, d: yes, e: 0o17, f: ~ }').data).toEqual({
      a: (1n << 64n) - 1n,
      b: -1n,
      c: 1.5,
      d: 'yes',
      e: 15n,
      f: null,
    });
  });
});
