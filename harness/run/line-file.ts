// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { encodeLine } from './journal-format.js';

/** Lines lose at most this many milliseconds to a power cut; to the death of our process, nothing. */
const SYNC_EVERY_MS = 1000;

/**
 * A file of lines of JSON that only grows. Each line is in the kernel's hands (one write) before {@link append}
 * returns, so that SIGKILL loses nothing, and has a number, `seq`, so that a lost line is noticed.
 */
export class LineFile {
  readonly #fd: number;
  #seq: number;
  #open = true;
  #syncedAt = 0;

  private constructor(
    readonly path: string,
    private readonly what: string,
    fd: number,
    seq: number,
  ) {
    this.#fd = fd;
    this.#seq = seq;
  }

  /**
   * A new file.
   * @param what it is, for messages: `journal`
   * @throws Error (EEXIST) when the file exists: nothing is ever overwritten.
   */
  static create(path: string, what: string): LineFile {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    return new LineFile(path, what, openSync(path, flags, 0o644), 0);
  }

  /**
   * Go on after the last whole line of a file.
   * @param whole length of the whole lines in bytes, and how many they are
   */
  static resume(path: string, what: string, whole: { validBytes: number; lines: number }): LineFile {
    const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    ftruncateSync(fd, whole.validBytes);
    return new LineFile(path, what, fd, whole.lines);
  }

  /** @throws Error when the file is closed. */
  append(entry: Readonly<Record<string, unknown>>): void {
    if (!this.#open) throw new Error(`${this.path}: the ${this.what} is closed`);
    const line = Buffer.from(encodeLine({ seq: this.#seq, ...entry }), 'utf8');
    for (let done = 0; done < line.length;) done += writeSync(this.#fd, line, done);
    this.#seq += 1;
  }

  /** Have the disk keep what was appended: at once, or when that was not done for a while. */
  sync(when: 'now' | 'in-time'): void {
    const now = performance.now();
    if (when === 'in-time' && now - this.#syncedAt < SYNC_EVERY_MS) return;
    fdatasyncSync(this.#fd);
    this.#syncedAt = now;
  }

  /** Does nothing on a closed file. */
  close(): void {
    if (!this.#open) return;
    this.sync('now');
    closeSync(this.#fd);
    this.#open = false;
  }
}
