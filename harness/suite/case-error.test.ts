// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { CaseError } from './case-error.js';

const at = (text: string, column: number): string =>
  new CaseError({ file: 'x.yaml', line: 7, column, text }, 'p').message;

describe('the message of a CaseError', () => {
  it('points at the column', () => expect(at('a: b', 4)).toBe('x.yaml:7:4: p\n7 | a: b\n       ^'));
  it('has no picture where the line is not known', () => expect(at('', 1)).toBe('x.yaml:7:1: p'));
  it('keeps tabs, so that the caret stays below', () =>
    expect(at('\ta: b', 5)).toBe('x.yaml:7:5: p\n7 | \ta: b\n    \t   ^'));
  it('points at the end of the line for a column beyond it', () => expect(at('ab', 99)).toMatch(/\n {6}\^$/));
  it('shows control characters as dots', () => {
    expect(at('\u001b[1m\u0007\u009b', 1)).toBe('x.yaml:7:1: p\n7 | \u00b7[1m\u00b7\u00b7\n    ^');
    expect(new CaseError({ file: 'f', line: 1, column: 1, text: '' }, 'a\nb').problem).toBe('a\u00b7b');
  });
  it.each([1, 100, 149, 150, 1000, 1999, 2000])(
    'shows the part of a long line that column %i is in',
    (column) => {
      const line = Array.from({ length: 2000 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
      const [, shown = '', caret = ''] = at(line, column).split('\n');
      expect(shown.length).toBeLessThan(180);
      expect(shown[caret.length - 1]).toBe(line[column - 1]);
    },
  );
});
