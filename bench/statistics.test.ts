// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairedRatio, summarize } from './statistics.js';

const samples = fc.array(fc.double({ min: 0.001, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('summarize', () => {
  it('gives the middle of an odd number of samples, in whatever order they came', () => {
    expect(summarize([3, 1, 20])).toEqual({ n: 3, median: 3, min: 1, max: 20 });
  });

  it('gives the mean of the two in the middle of an even number', () => {
    expect(summarize([4, 1, 2, 100])).toEqual({ n: 4, median: 3, min: 1, max: 100 });
  });

  it('keeps the median within the range', () => {
    fc.assert(
      fc.property(samples, (list) => {
        const { n, median, min, max } = summarize(list);
        expect(n).toBe(list.length);
        expect(median).toBeGreaterThanOrEqual(min);
        expect(median).toBeLessThanOrEqual(max);
      }),
    );
  });

  it.each([[[]], [[1, NaN]], [[Infinity]]])('refuses %j, which says nothing', (list) => {
    expect(() => summarize(list)).toThrow(RangeError);
  });
});

describe('pairedRatio', () => {
  it('divides neighbours, so that a slow moment that hit both counts for neither', () => {
    expect(pairedRatio([10, 100, 10], [5, 50, 5])).toEqual({ n: 3, median: 2, min: 2, max: 2 });
  });

  it('refuses sides of different length', () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow('got 1 and 2');
  });
});
