// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord } from '../judge/verdict.js';
import type { Totals } from '../report/totals.js';
import { JOURNAL_SCHEMA, type JournalHeader } from './journal-format.js';
import { type JournalContents, JournalError, readJournal } from './journal-read.js';
import { LineFile } from './line-file.js';

/**
 * The append-only record of a run, `journal.ndjson`: a header, one line per case, a trailer. SIGKILL loses
 * nothing that was recorded (line-file.ts).
 */
export class Journal {
  private constructor(private readonly file: LineFile) {}

  get path(): string {
    return this.file.path;
  }

  /**
   * Start the journal of a new run.
   * @throws Error (EEXIST) when the file exists: a journal is never overwritten.
   */
  static create(path: string, header: Omit<JournalHeader, 'schema'>): Journal {
    const journal = new Journal(LineFile.create(path, 'journal'));
    journal.file.append({ kind: 'header', schema: JOURNAL_SCHEMA, ...header });
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
    const { validBytes, records } = contents;
    const file = LineFile.resume(path, 'journal', { validBytes, lines: records.length + 1 });
    return { journal: new Journal(file), contents };
  }

  /** Append one case. */
  record(record: CaseRecord): void {
    this.file.append({ kind: 'case', record });
    // Whatever the kernel did just now, it may do worse next: what led there should be on the disk.
    this.file.sync(record.verdict === 'crash' ? 'now' : 'in-time');
  }

  /**
   * Append the trailer, which alone makes the run complete, and close.
   * @param crash title of what the kernel said after the last case was judged.
   */
  finish(totals: Totals, crash?: string): void {
    this.file.append({ kind: 'trailer', totals, ...(crash !== undefined && { crash }) });
    this.close();
  }

  /** Close without a trailer: the run counts as incomplete. Does nothing on a closed journal. */
  close(): void {
    this.file.close();
  }
}
