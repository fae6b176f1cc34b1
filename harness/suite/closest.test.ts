// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { closest, suggestion } from './closest.js';

describe('closest', () => {
  const words = ['create_gmem', 'create_vm', 'close', 'load'];
  it.each([
    ['creat_gmem', 'create_gmem'],
    ['CREATE_VM', 'create_vm'],
    ['clsoe', undefined],
    ['lod', 'load'],
    ['punch', undefined],
    ['', undefined],
    ['x'.repeat(1000), undefined],
  ])('of %j is %j', (word, expected) => expect(closest(word, words)).toBe(expected));

  it('prefers the fewest edits', () => expect(closest('bat', ['batty', 'bad', 'bats', 'bat'])).toBe('bat'));
});

describe('suggestion', () => {
  it('is a question, or nothing', () => {
    expect(suggestion('lod', ['load'])).toBe("; did you mean 'load'?");
    expect(suggestion('store', ['load'])).toBe('');
  });
});
