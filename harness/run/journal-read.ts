// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord } from '../judge/verdict.js';
import {
  decodeLine,
  entryProblem,
  JOURNAL_SCHEMA,
  type JournalEntry,
  type JournalHeader,
  type JournalTrailer,
} from './journal-format.js';
import { checkSeq, JournalError, parseLine, readLines } from './read-lines.js';

export { JournalError };

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

/**
 * Read a journal back. An unfinished last line, as a killed process or a full disk leaves it, is dropped and
 * noted; everything before it is kept.
 * @throws JournalError on anything else: no file, no header, another format, damage in the middle.
 */
export function readJournal(path: string): JournalContents {
  const { lines, validBytes, note } = readLines(path, 'the journal of a run');
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
    ...(note !== undefined && { note }),
  };
}

function parseEntry(line: string, index: number, path: string): JournalEntry {
  const at = `${path}:${index + 1}`;
  const value = parseLine(line, at, 'journal', decodeLine);
  const problem = entryProblem(value);
  if (problem !== undefined) throw new JournalError(`${at}: expected ${problem}; the journal is damaged`);
  // entryProblem() has checked what the type promises.
  const entry = value as JournalEntry;
  checkSeq(entry.seq, index, at);
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
