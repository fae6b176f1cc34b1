// SPDX-License-Identifier: GPL-2.0-only
import { createReadStream } from 'node:fs';
import { TraceFileError } from './trace-file-error.js';

/** Bytes of a line. Strings are at most 32 bytes unless strace was told otherwise, so real lines are far shorter. */
export const MAX_LINE = 1 << 20;

const NEWLINE = 0x0a;

/** A line without its newline, and its 1-based number. */
export interface NumberedLine {
  readonly text: string;
  readonly number: number;
}

/**
 * The lines of a text file, one at a time; never holds more than one line and one block of the file.
 * @throws TraceFileError when the file cannot be read, is binary, or has a line longer than MAX_LINE
 */
export async function* linesOf(path: string): AsyncGenerator<NumberedLine> {
  let rest: Buffer[] = [];
  let held = 0;
  let number = 1;
  const take = (): NumberedLine => {
    const bytes = Buffer.concat(rest);
    rest = [];
    held = 0;
    if (bytes.includes(0))
      throw new TraceFileError(path, number, 'expected text, got a byte 0: this is no log of strace');
    return { text: bytes.toString('utf8').replace(/\r$/, ''), number: number++ };
  };
  const keep = (part: Buffer): void => {
    held += part.length;
    if (held > MAX_LINE)
      throw new TraceFileError(path, number, `expected lines of at most ${MAX_LINE} bytes, got a longer one`);
    rest.push(part);
  };
  for await (const block of blocks(path)) {
    let from = 0;
    for (let end = block.indexOf(NEWLINE); end >= 0; end = block.indexOf(NEWLINE, from)) {
      keep(block.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < block.length) keep(block.subarray(from));
  }
  if (held > 0) yield take();
}

async function* blocks(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const block of createReadStream(path)) yield block as Buffer;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TraceFileError(path, 0, `expected a readable file, got: ${reason}`);
  }
}
