// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesOf, MAX_LINE } from './lines.js';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-lines-'));
  path = join(directory, 'log');
});
afterEach(() => rmSync(directory, { recursive: true }));

async function read(contents: string | Buffer): Promise<string[]> {
  writeFileSync(path, contents);
  const all: string[] = [];
  for await (const { text, number } of linesOf(path)) all.push(`${number} ${text}`);
  return all;
}

describe('linesOf', () => {
  it('gives lines with their numbers, the last one with or without a newline', async () => {
    expect(await read('a\r\n\nb\n')).toEqual(['1 a', '2 ', '3 b']);
    expect(await read('a\nb')).toEqual(['1 a', '2 b']);
    expect(await read('')).toEqual([]);
  });

  it('joins lines across the blocks of a file', async () => {
    const long = 'x'.repeat(100_000);
    expect(await read(`${long}\n${long}\n`)).toEqual([`1 ${long}`, `2 ${long}`]);
  });

  it('refuses a line that is too long, and names it', async () => {
    await expect(read(`a\n${'x'.repeat(MAX_LINE + 1)}`)).rejects.toThrow(/log:2: expected lines of at most/);
  });

  it('refuses what is not text', async () => {
    await expect(read(Buffer.from([0x61, 0, 0x62, 0x0a]))).rejects.toThrow('got a byte 0');
  });

  it('says that a file is not there', async () => {
    await expect(linesOf(join(directory, 'none')).next()).rejects.toThrow(/none: expected a readable file/);
  });
});
