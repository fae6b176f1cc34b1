// SPDX-License-Identifier: GPL-2.0-only
import { CommanderError } from 'commander';
import { JournalError } from '../run/journal-read.js';
import { SelectError } from '../run/select.js';
import { CaseError, CaseErrors } from '../suite/case-error.js';
import { TargetError } from '../target/executor.js';
import { TraceFileError } from '../trace/strace/trace-file-error.js';

/** Documented exit codes (README, "Exit codes"). */
export const EXIT = { ok: 0, unexpected: 1, usage: 2, environment: 3 } as const;

/** Bad use of the command line, found after parsing it. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The exit code of an error and the text for stderr. Anything unforeseen is an environment failure with a stack. */
export function explainError(e: unknown): { code: number; text: string } {
  if (e instanceof CommanderError) {
    // Help and version end this way too, and commander has already printed its messages.
    return { code: e.exitCode === 0 ? EXIT.ok : EXIT.usage, text: '' };
  }
  if (e instanceof CaseErrors) {
    const n = e.errors.length;
    return { code: EXIT.usage, text: `${e.message}\n${n} problem${n === 1 ? '' : 's'} found` };
  }
  if (
    e instanceof CaseError ||
    e instanceof UsageError ||
    e instanceof SelectError ||
    e instanceof JournalError ||
    e instanceof TraceFileError
  ) {
    return { code: EXIT.usage, text: e.message };
  }
  if (e instanceof TargetError) return { code: EXIT.environment, text: e.message };
  const text = e instanceof Error ? (e.stack ?? e.message) : String(e);
  return { code: EXIT.environment, text: `internal error: ${text}` };
}
