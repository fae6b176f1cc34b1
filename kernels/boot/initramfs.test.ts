// SPDX-License-Identifier: GPL-2.0-only
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { initramfs } from './initramfs.js';

const init = Buffer.from('#!agent');
const cpio = spawnSync('cpio', ['--version']);

describe('initramfs', () => {
  it('is made of 4-byte aligned newc members that end with the trailer', () => {
    const archive = initramfs(init);
    const names: string[] = [];
    let at = 0;
    while (at < archive.length) {
      expect(archive.toString('latin1', at, at + 6)).toBe('070701');
      const field = (index: number): number =>
        parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
      const [size, nameSize] = [field(6), field(11)];
      names.push(archive.toString('latin1', at + 110, at + 110 + nameSize - 1));
      at = (at + 110 + nameSize + 3) & ~3;
      if (names.at(-1) === 'init') expect(archive.subarray(at, at + size).equals(init)).toBe(true);
      at = (at + size + 3) & ~3;
    }
    expect(names).toEqual(['dev', 'proc', 'sys', 'tmp', 'dev/console', 'init', 'TRAILER!!!']);
  });

  it('repeats byte for byte', () => {
    expect(initramfs(init).equals(initramfs(init))).toBe(true);
  });

  it.skipIf(cpio.error)('is understood by cpio (skipped where cpio is not installed)', () => {
    const { stdout, status } = spawnSync('cpio', ['-itv', '--quiet'], {
      input: initramfs(init),
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^crw------- .* 5, +1 .* dev\/console$/m);
    expect(stdout).toMatch(/^-rwxr-xr-x .* 7 .* init$/m);
  });
});
