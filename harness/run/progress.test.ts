// SPDX-License-Identifier: GPL-2.0-only
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeRecord } from '../report/records.test-helper.js';
import { RunProgress } from './progress.js';

/** A stream that remembers what was written. */
function stream(isTTY: boolean): NodeJS.WriteStream & { text: () => string } {
  const written: string[] = [];
  const fake = {
    isTTY,
    columns: 40,
    write: (chunk: string) => written.push(chunk) > 0,
    text: () => written.join(''),
  };
  return fake as unknown as NodeJS.WriteStream & { text: () => string };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe('progress without a terminal', () => {
  it('gives a sign of life at least every ten seconds, also within one long point', () => {
    const out = stream(false);
    const progress = new RunProgress(3, out);
    progress.begin('a/b/c');
    progress.end(makeRecord('a/b', 'c', { verdict: 'fail' }));
    progress.begin('a/b/d');
    vi.advanceTimersByTime(10_000);
    expect(out.text()).toBe('1/3 points, 1 unexpected, now a/b/d\n');
    vi.advanceTimersByTime(10_000);
    expect(out.text().split('\n').length).toBeGreaterThan(2);
    progress.close();
    const said = out.text();
    vi.advanceTimersByTime(60_000);
    expect(out.text()).toBe(said);
  });
});

describe('progress of rounds', () => {
  it('says which round of the point it is', () => {
    const out = stream(false);
    const progress = new RunProgress(1, out);
    progress.begin('a/b/c');
    progress.round(3, 1000);
    vi.advanceTimersByTime(10_000);
    expect(out.text()).toBe('0/1 points, 0 unexpected, now a/b/c (round 3 of 1000)\n');
    progress.close();
  });
});

describe('progress on a terminal', () => {
  it('is one line that fits and is cleared at the end', () => {
    const out = stream(true);
    const progress = new RunProgress(3, out);
    vi.advanceTimersByTime(200);
    progress.begin('a/b/a-name-that-is-longer-than-the-terminal-is-wide');
    expect(out.text()).toMatch(/^\r\x1b\[K.{39}$/);
    progress.close();
    expect(out.text()).toMatch(/\r\x1b\[K$/);
    expect(out.text()).not.toContain('\n');
  });
});
