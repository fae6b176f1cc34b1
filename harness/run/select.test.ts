// SPDX-License-Identifier: GPL-2.0-only
import { expect, it } from 'vitest';
import { select, SelectError } from './select.js';

const points = ['a/b/c', 'a/b/c[x=1]', 'a/b/cd', 'a/e/c[x=1,y=2]', 'f/b/c'].map((id) => ({ id }));
const ids = (...patterns: string[]) => select(points, patterns).map((p) => p.id);

it.each([
  [[], points.map((p) => p.id)],
  [['a'], ['a/b/c', 'a/b/c[x=1]', 'a/b/cd', 'a/e/c[x=1,y=2]']],
  [['a/b/c'], ['a/b/c', 'a/b/c[x=1]']],
  [['a/b/c[x=1]'], ['a/b/c[x=1]']],
  [['*[x=1*'], ['a/b/c[x=1]', 'a/e/c[x=1,y=2]']],
  [
    ['f', 'a/b/cd'],
    ['a/b/cd', 'f/b/c'],
  ],
] as [string[], string[]][])('%j selects %j', (patterns, expected) =>
  expect(ids(...patterns)).toEqual(expected),
);

it('refuses a pattern that matches nothing, even beside one that does', () => {
  expect(() => ids('a', 'b*')).toThrow(SelectError);
  expect(() => ids('a', 'b*')).toThrow(/got 'b\*'/);
});
