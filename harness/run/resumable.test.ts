// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { pointsHash, suitesHash } from './resumable.js';

describe('pointsHash', () => {
  it('tells as many other points, and the same in another order', () => {
    const hash = pointsHash([{ id: 'a/b/c' }, { id: 'a/b/d' }]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(pointsHash([{ id: 'a/b/c' }, { id: 'a/b/d' }])).toBe(hash);
    expect(pointsHash([{ id: 'a/b/d' }, { id: 'a/b/c' }])).not.toBe(hash);
    expect(pointsHash([{ id: 'a/b/c' }, { id: 'a/b/e' }])).not.toBe(hash);
  });
});

describe('suitesHash', () => {
  it('depends on every text, on its borders and on the features', () => {
    const hash = suitesHash([{ text: 'ab' }, { text: 'c' }], 'f');
    expect(suitesHash([{ text: 'ab' }, { text: 'c' }], 'f')).toBe(hash);
    for (const other of [
      suitesHash([{ text: 'a' }, { text: 'bc' }], 'f'),
      suitesHash([{ text: 'ab' }], 'f'),
      suitesHash([{ text: 'ab' }, { text: 'c' }], 'g'),
    ])
      expect(other).not.toBe(hash);
  });
});
