// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { count, percentKilled, renderScoreboard } from './scoreboard.js';
import type { Score } from './scoreboard.js';

const SCORES: Score[] = [
  { id: 'size-ignored', verdict: 'killed', by: 'a/b/c', about: 'The size is not looked at.' },
  { id: 'leak', verdict: 'survived', about: 'A page is lost.' },
  { id: 'twice', verdict: 'equivalent', why: 'said twice is said once' },
];

describe('a scoreboard', () => {
  it('counts what can be told only', () => expect(percentKilled(count(SCORES))).toBe(50));

  it('is no success when there was nothing to tell', () => expect(percentKilled(count([]))).toBe(0));

  it('counts what could not be found out as not told', () => {
    expect(percentKilled(count([...SCORES, { id: 'x', verdict: 'error', why: 'no boot' }]))).toBeCloseTo(
      33.3,
      1,
    );
  });

  it('names the point that told a fault, and the argument for one that nothing tells', () => {
    expect(renderScoreboard(['faults of a kernel'], SCORES)).toBe(
      [
        '# faults of a kernel',
        '# 3 faults: 1 killed, 1 survived, 1 equivalent; 50.0 % of those that can be told',
        'size-ignored  killed      a/b/c',
        '    The size is not looked at.',
        'leak          survived',
        '    A page is lost.',
        'twice         equivalent  said twice is said once',
        '',
      ].join('\n'),
    );
  });
});
