// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { figure } from './figure.js';

const slow = { label: 'C loop', samples: [100, 100, 100] };

describe('figure', () => {
  it('meets a ratio that the median of the pairs reaches', () => {
    const { target, ratio } = figure({
      name: 'rate',
      unit: 'programs/s',
      ours: [70, 10, 80],
      baseline: slow,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    });
    expect(ratio?.median).toBeCloseTo(0.7);
    expect(target?.met).toBe(true);
  });

  it('misses a value above its limit', () => {
    const { target } = figure({
      name: 'time',
      unit: 's',
      ours: [21],
      target: { of: 'value', is: 'at most', limit: 20 },
    });
    expect(target?.met).toBe(false);
  });

  it('refuses a ratio without a baseline', () => {
    const input = { name: 'x', unit: 's', ours: [1] };
    expect(() => figure({ ...input, target: { of: 'ratio', is: 'at most', limit: 1 } })).toThrow('baseline');
  });
});
