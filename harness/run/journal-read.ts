// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import type { CaseRecord } from '../judge/verdict.js';
import {
  decodeLine,
  entryProblem,
  JOURNAL_SCHEMA,
  type JournalEntry,
  type JournalHeader,
  type JournalTrailer,
} from './journal-format.js';

/** A journal that cannot be used as it is; the message names file and line. */
export class JournalError extends Error {
  override name = 'JournalError';
}

export interface JournalContents {
  header: JournalHeader;
  /** In the order in which the cases ended. */
  records: CaseRecord[];
  /** Absent when the run did not end: such a run is never green. */
  trailer?: JournalTrailer;
  /** Length in bytes of the whole lines; what follows is the start of a line that was never finished. */
  validBytes: number;
  /** Says that and where an unfinished last line was dropped. */
  note?: string;
}

const NEWLINE = 0x0a;

/**
 * Read a journal back. An unfinished last line, as a killed process or a full disk leaves it, is dropped and
 * noted; everything before it is kept.
 * @throws JournalError on anything else: no file, no header, another format, damage in the middle.
 */
export function readJournal(path: string): JournalContents {
  const bytes = readBytes(path);
  const validBytes = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = validBytes === 0 ? [] : bytes.toString('utf8', 0, validBytes - 1).split('\n');
  const entries = lines.map((line, index) => parseEntry(line, index, path));
  const [first] = entries;
  if (first?.kind !== 'header') {
    throw new JournalError(`${path}:1: expected a header, got an unfinished line: nothing was recorded`);
  }
  const records: CaseRecord[] = [];
  let trailer: JournalTrailer | undefined;
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const at = `${path}:${index + 1}`;
    if (trailer) throw new JournalError(`${at}: expected nothing after the trailer, got a ${entry.kind}`);
    if (entry.kind === 'trailer') {
      const { totals, crash } = entry;
      trailer = { totals, ...(crash !== undefined && { crash }) };
    }
    if (entry.kind !== 'case') continue;
    const { id } = entry.record;
    if (seen.has(id)) throw new JournalError(`${at}: expected every case once, got ${id} again`);
    seen.add(id);
    records.push(entry.record);
  }
  if (trailer && trailer.totals.recorded !== records.length) {
    const { recorded } = trailer.totals;
    throw new JournalError(`${path}: the trailer counts ${recorded} cases, but there are ${records.length}`);
  }
  const { schema, identity, suitesHash, pointsHash, planned, startedAt } = first;
  const rest = bytes.length - validBytes;
  return {
    header: {
      schema,
      identity,
      suitesHash,
      ...(pointsHash !== undefined && { pointsHash }),
      planned,
      startedAt,
    },
    records,
    ...(trailer && { trailer }),
    validBytes,
    ...(rest > 0 && { note: `${path}:${lines.length + 1}: dropped an unfinished line of ${rest} bytes` }),
  };
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new JournalError(`${path}: expected the journal of a run, got: ${reason}`, { cause: error });
  }
}

function parseEntry(line: string, index: number, path: string): JournalEntry {
  const at = `${path}:${index + 1}`;
  let value: unknown;
  try {
    value = decodeLine(line);
  } catch (error) {
    const got = line.length > 60 ? `${line.slice(0, 60)}…` : line;
    throw new JournalError(
      `${at}: expected a line of JSON, got ${JSON.stringify(got)}; the journal is damaged`,
      {
        cause: error,
      },
    );
  }
  const problem = entryProblem(value);
  if (problem !== undefined) throw new JournalError(`${at}: expected ${problem}; the journal is damaged`);
  // entryProblem() has checked what the type promises.
  const entry = value as JournalEntry;
  if (entry.seq !== index) {
    throw new JournalError(
      `${at}: expected line ${index} of the run, got ${entry.seq}; lines were lost or added`,
    );
  }
  if ((entry.kind === 'header') !== (index === 0)) {
    throw new JournalError(
      `${at}: expected ${index === 0 ? 'a header' : 'a case or a trailer'}, got ${entry.kind}`,
    );
  }
  if (entry.kind === 'header' && entry.schema !== JOURNAL_SCHEMA) {
    throw new JournalError(
      `${at}: expected schema ${JOURNAL_SCHEMA}, got ${entry.schema}; this is the journal of another version of gmemcheck: use that one`,
    );
  }
  return entry;
}
