// SPDX-License-Identifier: GPL-2.0-only
/**
 * The append-only record of what the programs of a run did, `traces.ndjson` beside the journal: enough to judge
 * the run again. A file of its own, because the journal is read in whole for every report and resumption, and
 * results are the larger part.
 */
import { existsSync } from 'node:fs';
import type { Trace } from '../program/trace.js';
import { LineFile } from './line-file.js';
import { checkSeq, JournalError, parseLine, readLines } from './read-lines.js';
import { decodeTrace, encodeTrace, TraceCodeError } from './trace-codec.js';

/** Version of the format. */
export const TRACES_SCHEMA = 1;

/** What the file begins with. Everything else about the run is in the header of its journal. */
export interface TracesHeader {
  /** `startedAt` of the journal: tells that both are of one run. */
  startedAt: string;
  /** Features of suites/features.yaml that the kernel had or had not: a part of what the specification says. */
  features: Readonly<Record<string, boolean>>;
  /** Whether the verdicts in the journal are those of cases and specification together. */
  specification: boolean;
}

/** What one program did. */
export interface RecordedTrace {
  /** Id of the point. */
  id: string;
  /** What {@link import('./program-hash.js').programHash} gave for the program that ran. */
  program: string;
  trace: Trace;
}

const WHAT = 'record of results';

export class TraceLog {
  private constructor(private readonly file: LineFile) {}

  /**
   * Start the record of a run, or go on after its last whole line; what a resumed run did before there were such
   * files is missing.
   * @throws JournalError when the file that is there is damaged or that of another run
   */
  static open(path: string, header: TracesHeader): TraceLog {
    const there = existsSync(path) ? readTraces(path) : undefined;
    if (there?.header) {
      if (there.header.startedAt !== header.startedAt) throw otherRun(path, header, there.header);
      return new TraceLog(LineFile.resume(path, WHAT, there.whole));
    }
    const file = there ? LineFile.resume(path, WHAT, there.whole) : LineFile.create(path, WHAT);
    file.append({ kind: 'traces', schema: TRACES_SCHEMA, ...header });
    return new TraceLog(file);
  }

  /** Append what one program did; before the verdict is, so that no verdict is without. */
  record({ id, program, trace }: RecordedTrace): void {
    this.file.append({ id, program, ...encodeTrace(trace) });
    this.file.sync(trace.crash ? 'now' : 'in-time');
  }

  /** Does nothing on a closed file. */
  close(): void {
    this.file.close();
  }
}

export interface TracesContents {
  /** Absent when not even that was written in whole. */
  header?: TracesHeader;
  /** By id; of a point that ran again after a resumption, the last. */
  traces: Map<string, RecordedTrace>;
  /** For {@link LineFile.resume}. */
  whole: { validBytes: number; lines: number };
  /** Says that and where an unfinished last line was dropped. */
  note?: string;
}

/**
 * Read the record back. An unfinished last line is dropped and noted.
 * @throws JournalError, naming file and line, on damage and on another version
 */
export function readTraces(path: string): TracesContents {
  const { lines, validBytes, note } = readLines(path, 'the results that a run recorded');
  const traces = new Map<string, RecordedTrace>();
  let header: TracesHeader | undefined;
  for (const [index, line] of lines.entries()) {
    const at = `${path}:${index + 1}`;
    const value = parseLine(line, at, WHAT);
    if (!isObject(value)) throw damaged(at, 'an object');
    checkSeq(value['seq'], index, at);
    if (index === 0) header = headerOf(value, at);
    else {
      const recorded = traceOf(value, at);
      traces.set(recorded.id, recorded);
    }
  }
  return {
    ...(header && { header }),
    traces,
    whole: { validBytes, lines: lines.length },
    ...(note !== undefined && { note }),
  };
}

function headerOf(value: Fields, at: string): TracesHeader {
  const { kind, schema, startedAt, features, specification } = value;
  if (kind !== 'traces' || typeof schema !== 'number') throw damaged(at, 'the header of recorded results');
  if (schema !== TRACES_SCHEMA)
    throw new JournalError(
      `${at}: expected schema ${TRACES_SCHEMA}, got ${schema}; another version of gmemcheck recorded this: use that one`,
    );
  const booleans = isObject(features) && Object.values(features).every((v) => typeof v === 'boolean');
  if (!booleans || typeof startedAt !== 'string' || typeof specification !== 'boolean')
    throw damaged(at, 'startedAt, features and specification in the header');
  return { startedAt, features: features as Record<string, boolean>, specification };
}

function traceOf({ id, program, ...trace }: Fields, at: string): RecordedTrace {
  if (typeof id !== 'string' || typeof program !== 'string') throw damaged(at, 'id and program of a point');
  try {
    return { id, program, trace: decodeTrace(trace) };
  } catch (e) {
    if (!(e instanceof TraceCodeError)) throw e;
    throw damaged(at, e.message);
  }
}

const damaged = (at: string, expected: string): JournalError =>
  new JournalError(`${at}: expected ${expected}; the record of results is damaged`);

export const otherRun = (
  path: string,
  own: { startedAt: string },
  got: { startedAt: string },
): JournalError =>
  new JournalError(
    `${path}:1: expected results of the run that started at ${own.startedAt}, got those of ${got.startedAt}`,
  );

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
