// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, constants, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { CaseRecord } from '../judge/verdict.js';
import type { Totals } from '../report/totals.js';
import { encodeLine, JOURNAL_SCHEMA, type JournalHeader } from './journal-format.js';
import { type JournalContents, JournalError, readJournal } from './journal-read.js';

/** Records lose at most this many milliseconds to a power cut; to the death of our process, nothing. */
const SYNC_EVERY_MS = 1000;

/**
 * The append-only record of a run, `journal.ndjson`: a header, one line per case, a trailer. Each line is in
 * the kernel's hands (one write) before {@link record} returns, so that SIGKILL loses nothing.
 */
export class Journal {
  readonly #fd: number;
  #seq: number;
  #open = true;
  #syncedAt = 0;

  private constructor(
    readonly path: string,
    fd: number,
    seq: number,
  ) {
    this.#fd = fd;
    this.#seq = seq;
  }

  /**
   * Start the journal of a new run.
   * @throws Error (EEXIST) when the file exists: a journal is never overwritten.
   */
  static create(path: string, header: Omit<JournalHeader, 'schema'>): Journal {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
    const journal = new Journal(path, openSync(path, flags, 0o644), 0);
    journal.#append({ kind: 'header', schema: JOURNAL_SCHEMA, ...header });
    return journal;
  }

  /**
   * Continue the journal of a run that did not end, after its last whole record.
   * @throws JournalError when it is damaged, or complete: then there is nothing to resume.
   */
  static resume(path: string): { journal: Journal; contents: JournalContents } {
    const contents = readJournal(path);
    if (contents.trailer) {
      throw new JournalError(
        `${path}: expected the journal of an unfinished run, got one with a trailer: nothing to resume`,
      );
    }
    const fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
    ftruncateSync(fd, contents.validBytes);
    return { journal: new Journal(path, fd, contents.records.length + 1), contents };
  }

  /** Append one case. */
  record(record: CaseRecord): void {
    this.#append({ kind: 'case', record });
    // Whatever the kernel did just now, it may do worse next: what led there should be on the disk.
    this.#sync(record.verdict === 'crash' ? 0 : SYNC_EVERY_MS);
  }

  /**
   * Append the trailer, which alone makes the run complete, and close.
   * @param crash title of what the kernel said after the last case was judged.
   */
  finish(totals: Totals, crash?: string): void {
    this.#append({ kind: 'trailer', totals, ...(crash !== undefined && { crash }) });
    this.close();
  }

  /** Close without a trailer: the run counts as incomplete. Does nothing on a closed journal. */
  close(): void {
    if (!this.#open) return;
    this.#sync(0);
    closeSync(this.#fd);
    this.#open = false;
  }

  #append(entry: Record<string, unknown>): void {
    if (!this.#open) throw new Error(`${this.path}: the journal is closed`);
    const line = Buffer.from(encodeLine({ seq: this.#seq, ...entry }), 'utf8');
    for (let done = 0; done < line.length;) done += writeSync(this.#fd, line, done);
    this.#seq += 1;
  }

  #sync(intervalMs: number): void {
    const now = performance.now();
    if (now - this.#syncedAt < intervalMs) return;
    fdatasyncSync(this.#fd);
    this.#syncedAt = now;
  }
}
