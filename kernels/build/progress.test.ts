// SPDX-License-Identifier: GPL-2.0-only
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProgressLine } from './progress.js';

let written: string[] = [];
const terminal = (isTTY: boolean) => ({ isTTY, write: (text: string) => written.push(text) });

beforeEach(() => {
  written = [];
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

describe('ProgressLine', () => {
  it('writes a line per phase and at least every ten seconds without a terminal', () => {
    const line = new ProgressLine('k', terminal(false));
    line.update({ phase: 'fetching' });
    line.update({ phase: 'compiling', objects: 0 });
    line.update({ phase: 'compiling', objects: 7 });
    vi.advanceTimersByTime(20_500);
    line.end();
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual([
      'k: fetching, 0:00\n',
      'k: compiling, 0 objects, 0:00\n',
      'k: compiling, 7 objects, 0:10\n',
      'k: compiling, 7 objects, 0:20\n',
    ]);
  });
  it('rewrites one line on a terminal and clears it at the end', () => {
    const line = new ProgressLine('k', terminal(true));
    line.update({ phase: 'compiling', objects: 1 });
    vi.advanceTimersByTime(1_000);
    line.end();
    expect(written).toEqual([
      '\r\x1b[Kk: compiling, 1 objects, 0:00',
      '\r\x1b[Kk: compiling, 1 objects, 0:01',
      '\r\x1b[K',
    ]);
  });
});
