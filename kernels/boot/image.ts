// SPDX-License-Identifier: GPL-2.0-only
import { open } from 'node:fs/promises';
import { TargetError } from '../../harness/target/executor.js';
import type { Machine } from '../build/machine.js';

/** Kernel image formats we can tell apart, with the e_machine of an ELF file. */
export type ImageFormat =
  | { format: 'vmlinux'; elfMachine: number }
  | { format: 'bzImage' | 'Image' | 'Image.gz' | 'EFI zboot' }
  | { format: 'unknown' };

const HEAD_BYTES = 0x210;

/**
 * Tell a kernel image by its header: ELF; the x86 boot protocol's "HdrS" at 0x202
 * (Documentation/arch/x86/boot.rst); arm64's "ARM\x64" at 56 (Documentation/arch/arm64/booting.rst).
 *
 * @param head the first 528 bytes, or fewer when the file is shorter.
 */
export function imageFormat(head: Buffer): ImageFormat {
  const at = (offset: number, bytes: string): boolean =>
    head.subarray(offset, offset + bytes.length).equals(Buffer.from(bytes, 'latin1'));
  if (at(0, '\x7fELF') && head.length >= 20) return { format: 'vmlinux', elfMachine: head.readUInt16LE(18) };
  if (at(0x202, 'HdrS')) return { format: 'bzImage' };
  if (at(4, 'zimg')) return { format: 'EFI zboot' };
  if (at(56, 'ARM\x64')) return { format: 'Image' };
  if (at(0, '\x1f\x8b')) return { format: 'Image.gz' };
  return { format: 'unknown' };
}

/**
 * Refuse a file that QEMU would not boot on this machine, before anything waits for it.
 *
 * @throws TargetError naming the file, the formats that would do and what was found.
 */
export async function checkImage(path: string, machine: Machine): Promise<void> {
  const expected = `expected a kernel image for ${machine.arch} (${machine.kernel.accepts.join(' or ')})`;
  const head = Buffer.alloc(HEAD_BYTES);
  let length: number;
  try {
    const file = await open(path);
    try {
      length = (await file.read(head, 0, HEAD_BYTES, 0)).bytesRead;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new TargetError(`${path}: ${expected}, cannot read it: ${String(error)}`, 'fatal', {
      cause: error,
    });
  }
  const seen = imageFormat(head.subarray(0, length));
  if (seen.format === 'vmlinux' && seen.elfMachine !== machine.kernel.elfMachine) {
    throw new TargetError(`${path}: ${expected}, got an ELF file for machine type ${seen.elfMachine}`);
  }
  if (!machine.kernel.accepts.includes(seen.format)) {
    const got =
      seen.format === 'unknown' ? 'a file that is no kernel image' : `a file of the form ${seen.format}`;
    throw new TargetError(`${path}: ${expected}, got ${got}`);
  }
}
