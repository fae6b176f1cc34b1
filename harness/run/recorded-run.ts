// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ARCHES } from '../uapi/arch.js';
import { findProfile } from '../uapi/profiles/index.js';
import type { Context } from '../suite/scope.js';
import { JournalError, readJournal } from './journal-read.js';
import type { JournalContents } from './journal-read.js';
import { otherRun, readTraces } from './trace-log.js';
import type { RecordedTrace, TracesHeader } from './trace-log.js';

/** A run, with what is needed to judge it again. */
export interface RecordedRun {
  journal: JournalContents;
  header: TracesHeader;
  traces: ReadonlyMap<string, RecordedTrace>;
  /** What it ran on. */
  context: Context;
  /** What is missing at the ends of the files. */
  notes: string[];
}

/**
 * Read a run back.
 * @param path the directory of the run, or its journal
 * @throws JournalError on damage, and for a run that recorded no results
 */
export function readRun(path: string): RecordedRun {
  const inside = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const journalPath = inside ? join(path, 'journal.ndjson') : path;
  const journal = readJournal(journalPath);
  const tracesPath = join(dirname(journalPath), 'traces.ndjson');
  if (!existsSync(tracesPath))
    throw new JournalError(
      `${journalPath}: this journal has no results: expected those of its steps in ${tracesPath}, got no such file; nothing can be judged again`,
    );
  const { header, traces, note } = readTraces(tracesPath);
  if (!header)
    throw new JournalError(
      `${tracesPath}:1: expected a header, got an unfinished line: nothing was recorded`,
    );
  if (header.startedAt !== journal.header.startedAt) throw otherRun(tracesPath, journal.header, header);
  const { identity } = journal.header;
  const arch = ARCHES.find((a) => a === identity.arch);
  const profile = findProfile(identity.profile);
  if (!arch || !profile)
    throw new JournalError(
      `${journalPath}:1: expected a known architecture and profile, got ${identity.arch} and ${identity.profile}`,
    );
  return {
    journal,
    header,
    traces,
    context: { arch, profile, pageSize: identity.pageSize },
    notes: [journal.note, note].filter((n) => n !== undefined),
  };
}
