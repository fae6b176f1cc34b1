// SPDX-License-Identifier: GPL-2.0-only
import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { CaseRecord } from '../judge/verdict.js';
import { renderKtap } from '../report/ktap.js';
import { TapReport } from '../report/tap.js';
import { exitCode, totals } from '../report/totals.js';
import type { Exit, Totals } from '../report/totals.js';
import type { TestPoint } from '../suite/expand.js';
import { TargetError } from '../target/executor.js';
import type { Journal } from './journal.js';
import { RunProgress } from './progress.js';
import type { RunDir } from './run-dir.js';
import { runPoint } from './run-point.js';
import type { Session } from './session.js';

export interface RunRequest {
  session: Session;
  points: readonly TestPoint[];
  dir: RunDir;
  journal: Journal;
  /** Records of an earlier, unfinished run of the same points. */
  earlier: readonly CaseRecord[];
  readonly replay: (id: string) => string;
  /** Streams that get the TAP report besides the file. */
  tap: readonly Writable[];
  /** Fewer executed points than this make the run an environment failure. */
  minimum: number;
  /** Ends the run early; what is recorded stays. */
  signal: AbortSignal;
}

export interface RunResult {
  records: readonly CaseRecord[];
  total: Totals;
  exit: Exit;
  ktap: string;
}

/**
 * Run points in order, recording each before the next begins. A fatal TargetError or a signal ends the run
 * early: the journal then has no trailer, the reports bail out and say why, and the exit code is not 0.
 */
export async function runSuites(request: RunRequest): Promise<RunResult> {
  const { session, points, dir, journal, earlier } = request;
  // A resumed run writes its reports anew from all records.
  await rm(dir.tap, { force: true });
  const tap = new TapReport(session.identity, createWriteStream(dir.tap), ...request.tap);
  const records = [...earlier];
  for (const r of records) tap.record(r);
  const done = new Set(records.map((r) => r.id));
  const progress = new RunProgress(points.length);
  const abandoned = await runAll(
    points.filter((p) => !done.has(p.id)),
    request,
    progress,
    (r) => {
      journal.record(r);
      tap.record(r);
      records.push(r);
    },
  );
  progress.close();
  const total = totals(records, points.length);
  if (abandoned === undefined) journal.finish(total);
  else journal.close();
  const ktap = renderKtap(session.identity, records, abandoned);
  await writeFile(dir.ktap, ktap);
  await writeFile(dir.console, session.target.executor.console());
  await tap.end(abandoned);
  const exit = exitCode(total, request.minimum);
  const early = abandoned !== undefined && exit.code !== 1;
  return { records, total, exit: early ? { code: 3, message: abandoned } : exit, ktap };
}

/** @returns why the run ended early, undefined when it did not */
async function runAll(
  points: readonly TestPoint[],
  { session: { target, profile, features }, replay, signal }: RunRequest,
  progress: RunProgress,
  record: (r: CaseRecord) => void,
): Promise<string | undefined> {
  for (const point of points) {
    if (signal.aborted) return `interrupted; continue with --resume`;
    progress.begin(point.id);
    try {
      const result = await runPoint(point, { run: (p) => target.run(p, profile), features, replay });
      record(result);
      progress.end(result);
    } catch (e) {
      if (!(e instanceof TargetError)) throw e;
      return `${point.id}: ${e.message}`;
    }
  }
  return undefined;
}
