// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, existsSync, openSync, readSync } from 'node:fs';

const CHUNK = 64 * 1024;
/** Characters kept; a kernel that warns in a loop must not take our memory. */
const LIMIT = 4 * 1024 * 1024;

/** What a guest's console printed, read incrementally from the file QEMU writes. */
export class ConsoleLog {
  private fd: number | undefined;
  private readonly decoder = new TextDecoder();
  private readonly buffer = Buffer.alloc(CHUNK);
  private text = '';
  private dropped = 0;
  private closed = false;

  constructor(private readonly file: string) {}

  /** Everything printed so far (when that is more than 4 Mi characters: the newest). */
  all(): string {
    this.read();
    return this.text;
  }

  /** A mark for {@link since}: the position behind what has been printed so far. */
  position(): number {
    this.read();
    return this.dropped + this.text.length;
  }

  /** What was printed after a mark. */
  since(position: number): string {
    this.read();
    return this.text.slice(Math.max(0, position - this.dropped));
  }

  /** Read what is left and let go of the file; the text stays. */
  close(): void {
    this.read();
    this.closed = true;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private read(): void {
    if (this.closed || (this.fd === undefined && !existsSync(this.file))) return;
    this.fd ??= openSync(this.file, 'r');
    for (;;) {
      const length = readSync(this.fd, this.buffer, 0, CHUNK, null);
      if (length === 0) break;
      this.text += this.decoder
        .decode(this.buffer.subarray(0, length), { stream: true })
        .replaceAll('\r', '');
      const excess = this.text.length - LIMIT;
      if (excess > 0) {
        this.text = this.text.slice(excess);
        this.dropped += excess;
      }
    }
  }
}
