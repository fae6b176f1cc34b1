// SPDX-License-Identifier: GPL-2.0-only
/** A page shared with a worker through an unlinked file: what it was doing when it died. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PAGE_BYTES = 65_536;

export class ProgressFile {
  readonly fd: number;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-'));
    try {
      this.fd = openSync(join(directory, 'progress'), 'wx+', 0o600);
      ftruncateSync(this.fd, PAGE_BYTES);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Index of the op that is executing, or undefined between programs. */
  get op(): number | undefined {
    const word = Buffer.alloc(4);
    readSync(this.fd, word, 0, 4, 0);
    const value = word.readUInt32LE(0);
    return value === 0 ? undefined : value - 1;
  }

  close(): void {
    closeSync(this.fd);
  }
}
