// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';

/** A journal, or what lies beside it, that cannot be used as it is; the message names file and line. */
export class JournalError extends Error {
  override name = 'JournalError';
}

/** The lines of a file of LineFile. */
export interface Lines {
  /** Whole lines without their newlines. */
  lines: string[];
  /** Length in bytes of the whole lines; what follows is the start of a line that was never finished. */
  validBytes: number;
  /** Says that and where an unfinished last line was dropped. */
  note?: string;
}

const NEWLINE = 0x0a;

/**
 * The whole lines of a file. An unfinished last line, as a killed process or a full disk leaves it, is dropped
 * and noted.
 * @param what the file is, for messages: `the journal of a run`
 * @throws JournalError when it cannot be read
 */
export function readLines(path: string, what: string): Lines {
  const bytes = readBytes(path, what);
  const validBytes = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = validBytes === 0 ? [] : bytes.toString('utf8', 0, validBytes - 1).split('\n');
  const rest = bytes.length - validBytes;
  return {
    lines,
    validBytes,
    ...(rest > 0 && { note: `${path}:${lines.length + 1}: dropped an unfinished line of ${rest} bytes` }),
  };
}

function readBytes(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JournalError(`${path}: expected ${what}, got: ${reason}`, { cause: error });
  }
}

/**
 * One line as JSON.
 * @param at file and line, for messages
 * @param name of the file: `journal`
 * @throws JournalError for what is not JSON
 */
export function parseLine(
  line: string,
  at: string,
  name: string,
  parse: (text: string) => unknown = JSON.parse,
): unknown {
  try {
    return parse(line);
  } catch (error) {
    const got = line.length > 60 ? `${line.slice(0, 60)}…` : line;
    throw new JournalError(
      `${at}: expected a line of JSON, got ${JSON.stringify(got)}; the ${name} is damaged`,
      { cause: error },
    );
  }
}

/** @throws JournalError when a line is not the one that its place says. */
export function checkSeq(seq: unknown, index: number, at: string): void {
  if (seq !== index)
    throw new JournalError(
      `${at}: expected line ${index} of the run, got ${String(seq)}; lines were lost or added`,
    );
}
