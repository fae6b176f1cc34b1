// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { filled, read, readAt, write, writeAt, zeroed, ZERO } from './memory.js';

const PAGE = 4096;

describe('contents of memory', () => {
  it('are zero until something is written', () => {
    expect(read(ZERO, PAGE, 5, 8)).toBe(0n);
  });

  it('are little-endian, in words and across pages', () => {
    const memory = write(ZERO, PAGE, PAGE - 3, 8, 0x8877665544332211n);
    expect(read(memory, PAGE, PAGE - 3, 8)).toBe(0x8877665544332211n);
    expect(read(memory, PAGE, PAGE - 1, 2)).toBe(0x4433n);
    expect(read(zeroed(memory, 1, 2), PAGE, PAGE - 3, 8)).toBe(0x332211n);
  });

  it('are exact where an offset in bytes is no double', () => {
    const page = 2 ** 50 + 1;
    expect(readAt(writeAt(ZERO, PAGE, page, 1, 1, 7n), PAGE, page, 0, 8)).toBe(0x700n);
    expect(readAt(writeAt(ZERO, PAGE, page, 1, 1, 7n), PAGE, page - 1, 0, 8)).toBe(0n);
  });

  it('of a copy begin and end at any byte', () => {
    const memory = filled(ZERO, PAGE, 0, PAGE - 5, 17, 0xa5);
    expect(read(memory, PAGE, PAGE - 8, 8)).toBe(0xa5a5a5a5a5000000n);
    expect(read(memory, PAGE, PAGE, 8)).toBe(0xa5a5a5a5a5a5a5a5n);
    expect(read(memory, PAGE, PAGE + 8, 8)).toBe(0xa5a5a5a5n);
  });

  it('are noise where all bytes are, unknown where some are, and known again when stored', () => {
    const memory = filled(ZERO, PAGE, 0, 0, 16, 'noise');
    expect(read(memory, PAGE, 4, 4)).toBe('noise');
    expect(read(memory, PAGE, 12, 8)).toBe('unknown');
    expect(read(write(memory, PAGE, 0, 8, 3n), PAGE, 0, 8)).toBe(3n);
    expect(read(write(memory, PAGE, 0, 4, 3n), PAGE, 0, 4)).toBe('unknown');
  });
});
