// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, RunIdentity } from '../judge/verdict.js';
import { type Totals, VERDICTS } from '../report/totals.js';

/** What a journal begins with; `seq` and `kind` are added by the writer. */
export interface JournalHeader {
  /** Version of the journal's own format. */
  schema: number;
  identity: RunIdentity;
  /** What `suitesHash` of resumable.ts gives; `run --resume` refuses a journal of other suites. */
  suitesHash: string;
  /** What `pointsHash` of resumable.ts gives. A run without it cannot be resumed. */
  pointsHash?: string;
  /** How many cases are to run. */
  planned: number;
  /** ISO 8601, UTC. */
  startedAt: string;
}

/** What ends the journal of a complete run. */
export interface JournalTrailer {
  totals: Totals;
  /** Title of what the kernel said after the last case was judged: such a run is never green. */
  crash?: string;
}

/** Version of the format that the writer in journal.ts uses. */
export const JOURNAL_SCHEMA = 2;

/** One line of a journal; `seq` counts lines from 0, so that a lost line is noticed. */
export type JournalEntry = { seq: number } & (
  | ({ kind: 'header' } & JournalHeader)
  | { kind: 'case'; record: CaseRecord }
  | ({ kind: 'trailer' } & JournalTrailer)
);

/** JSON has no bigint: it stands as an object with this one key and decimal digits. */
const BIGINT_KEY = '$bigint';

/** @returns the value as one line of JSON with its newline; bigints survive {@link decodeLine}. */
export function encodeLine(value: unknown): string {
  const text = JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? { [BIGINT_KEY]: member.toString() } : member,
  );
  return `${text}\n`;
}

/** The inverse of {@link encodeLine}. @throws SyntaxError on what is not JSON. */
export function decodeLine(line: string): unknown {
  return JSON.parse(line, (_key, member: unknown) => {
    if (!isObject(member) || Object.keys(member).length !== 1) return member;
    const digits = member[BIGINT_KEY];
    return typeof digits === 'string' && /^-?\d+$/.test(digits) ? BigInt(digits) : member;
  });
}

/**
 * Whether a decoded line is an entry of this format, as far as readers rely on it.
 * @returns undefined when it is, else what was expected.
 */
export function entryProblem(value: unknown): string | undefined {
  if (!isObject(value) || typeof value.seq !== 'number') return 'an object with seq and kind';
  if (value.kind === 'header') return headerProblem(value);
  if (value.kind === 'case') return recordProblem(value.record);
  if (value.kind === 'trailer') return trailerProblem(value);
  return 'kind to be header, case or trailer';
}

function headerProblem(header: JsonObject): string | undefined {
  const { schema, identity, suitesHash, pointsHash, planned, startedAt } = header;
  if (typeof schema !== 'number') return 'a schema number in the header';
  // Another version is not damage, whatever else its header holds: the reader names it.
  if (schema !== JOURNAL_SCHEMA) return undefined;
  const strings = isObject(identity) ? ['target', 'arch', 'release', 'profile', 'evidence'] : [];
  const named = isObject(identity) && strings.every((key) => typeof identity[key] === 'string');
  if (!named || typeof identity.pageSize !== 'number') return 'the identity of the run in the header';
  if (typeof suitesHash !== 'string' || typeof startedAt !== 'string' || typeof planned !== 'number') {
    return 'suitesHash, planned and startedAt in the header';
  }
  return pointsHash === undefined || typeof pointsHash === 'string' ? undefined : 'a string as pointsHash';
}

function recordProblem(record: unknown): string | undefined {
  if (!isObject(record)) return 'a case record';
  const missing = ['id', 'suite', 'about', 'replay'].find((key) => typeof record[key] !== 'string');
  if (missing !== undefined) return `a string as ${missing} of a case record`;
  if (!VERDICTS.some((verdict) => verdict === record.verdict)) return 'a verdict in a case record';
  if (!Array.isArray(record.mismatches) || !Array.isArray(record.calls))
    return 'lists of mismatches and calls';
  const counts = [record.rounds, record.seed];
  if (!counts.every((n) => n === undefined || typeof n === 'number'))
    return 'numbers as rounds and seed of a case record';
  return typeof record.durationMs === 'number' ? undefined : 'a duration in a case record';
}

function trailerProblem({ totals, crash }: JsonObject): string | undefined {
  if (!isTotals(totals)) return 'totals in the trailer';
  return crash === undefined || typeof crash === 'string' ? undefined : 'a string as crash in the trailer';
}

function isTotals(value: unknown): boolean {
  if (!isObject(value) || !isObject(value.counts)) return false;
  const { counts } = value;
  return (
    VERDICTS.every((verdict) => typeof counts[verdict] === 'number') &&
    typeof value.recorded === 'number' &&
    typeof value.planned === 'number'
  );
}

type JsonObject = Record<string, unknown>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
