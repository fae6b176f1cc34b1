// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { loadMachine } from '../build/machine.js';
import { checkImage, imageFormat } from './image.js';

const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-image-'));
afterAll(() => rmSync(directory, { recursive: true }));

function head(marks: Record<number, string>): Buffer {
  const bytes = Buffer.alloc(0x210);
  for (const [offset, text] of Object.entries(marks)) bytes.write(text, Number(offset), 'latin1');
  return bytes;
}

function file(name: string, bytes: Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

describe('imageFormat', () => {
  it('tells kernel images by their headers', () => {
    expect(imageFormat(head({ 0: '\x7fELF', 18: '\x3e' }))).toEqual({ format: 'vmlinux', elfMachine: 62 });
    expect(imageFormat(head({ 0: 'MZ', 0x202: 'HdrS' }))).toEqual({ format: 'bzImage' });
    expect(imageFormat(head({ 0: 'MZ', 56: 'ARMd' }))).toEqual({ format: 'Image' });
    expect(imageFormat(head({ 0: 'MZ', 4: 'zimg', 56: 'ARMd' }))).toEqual({ format: 'EFI zboot' });
    expect(imageFormat(head({ 0: '\x1f\x8b' }))).toEqual({ format: 'Image.gz' });
    expect(imageFormat(Buffer.from('hello'))).toEqual({ format: 'unknown' });
  });
});

describe('checkImage', () => {
  const check = (path: string): Promise<void> => checkImage(path, loadMachine('x86_64'));
  it('accepts what QEMU boots', async () => {
    await check(file('vmlinux', head({ 0: '\x7fELF', 18: '\x3e' })));
    await check(file('bzImage', head({ 0x202: 'HdrS' })));
  });
  it('refuses a file that is no kernel, saying what was expected', async () => {
    const path = file('text', Buffer.from('not a kernel'));
    await expect(check(path)).rejects.toThrow(
      `${path}: expected a kernel image for x86_64 (vmlinux or bzImage), got a file that is no kernel image`,
    );
    await expect(check(path)).rejects.toBeInstanceOf(TargetError);
  });
  it('refuses a kernel of another architecture', async () => {
    await expect(check(file('arm', head({ 0: '\x7fELF', 18: '\xb7' })))).rejects.toThrow('machine type 183');
    await expect(check(file('Image', head({ 56: 'ARMd' })))).rejects.toThrow('of the form Image');
  });
  it('refuses a file that does not exist', async () => {
    await expect(check(join(directory, 'none'))).rejects.toThrow(/cannot read it: .*ENOENT/);
  });
});
