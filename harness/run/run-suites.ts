// SPDX-License-Identifier: GPL-2.0-only
import { createWriteStream } from 'node:fs';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { CaseRecord } from '../judge/verdict.js';
import { renderKtap } from '../report/ktap.js';
import { TapReport } from '../report/tap.js';
import { exitCode, totals } from '../report/totals.js';
import type { Exit, Totals } from '../report/totals.js';
import type { Trace } from '../program/trace.js';
import type { TestPoint } from '../suite/expand.js';
import { TargetError } from '../target/executor.js';
import type { Elsewhere } from './drift.js';
import type { Journal } from './journal.js';
import { programHash } from './program-hash.js';
import { RunProgress } from './progress.js';
import type { RunDir } from './run-dir.js';
import { runPoint } from './run-point.js';
import type { Session } from './session.js';
import type { TraceLog } from './trace-log.js';

export interface RunRequest {
  session: Session;
  points: readonly TestPoint[];
  dir: RunDir;
  journal: Journal;
  /** Gets what the programs did. */
  traces?: TraceLog;
  /** Records of an earlier, unfinished run of the same points. */
  earlier: readonly CaseRecord[];
  readonly replay: (id: string) => string;
  /** Which other profiles expect what a failing point did. */
  readonly elsewhere?: Elsewhere;
  /** Streams that get the TAP report besides the file. */
  tap: readonly Writable[];
  /** Judge by the cases alone. */
  casesOnly?: boolean;
  /** How often points with parallel threads run; default: once. */
  rounds?: { count: number; seed: number };
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
 * early: the journal then has no trailer, the reports bail out and say why, and the exit code is not 0. What
 * the kernel says after the last point ends the reports the same way, with exit code 1; it is in the trailer,
 * because continuing the run would not see it again.
 * @throws what no part of a run is to throw; journal and TAP are then closed as those of an unfinished run.
 */
export async function runSuites(request: RunRequest): Promise<RunResult> {
  const { session, dir, journal } = request;
  // A resumed run writes its reports anew from all records.
  await rm(dir.tap, { force: true });
  const tap = new TapReport(session.identity, createWriteStream(dir.tap), ...request.tap);
  const progress = new RunProgress(request.points.length);
  let bail: string | undefined = 'gmemcheck failed';
  try {
    const result = await recorded(request, tap, progress);
    bail = result.bail;
    return result;
  } catch (e) {
    bail = `gmemcheck failed: ${e instanceof Error ? e.message : String(e)}`;
    throw e;
  } finally {
    try {
      progress.close();
      // Closed already, with a trailer, when the run is complete.
      journal.close();
      request.traces?.close();
      // What the first part of a resumed run saw stays.
      await appendFile(dir.console, session.target.executor?.console() ?? '');
    } finally {
      await tap.end(bail);
    }
  }
}

/** Run and judge everything; all files but TAP and console are complete then. */
async function recorded(
  request: RunRequest,
  tap: TapReport,
  progress: RunProgress,
): Promise<RunResult & { bail?: string }> {
  const { session, points, dir, journal, earlier } = request;
  const records = [...earlier];
  for (const r of records) tap.record(r);
  const done = new Set(records.map((r) => r.id));
  const left = points.filter((p) => !done.has(p.id));
  const end = await runAll(left, request, progress, (r) => {
    journal.record(r);
    tap.record(r);
    records.push(r);
  });
  const { abandoned, crash } = end;
  const total = totals(records, points.length);
  if (crash !== undefined || abandoned === undefined) journal.finish(total, crash);
  const bail = crash ?? abandoned;
  const ktap = renderKtap(session.identity, records, bail);
  await writeFile(dir.ktap, ktap);
  return {
    records,
    total,
    exit: exitOf(end, exitCode(total, request.minimum)),
    ktap,
    ...(bail !== undefined && { bail }),
  };
}

/** How the points came to their end; neither is set when all is well. */
interface End {
  /** Why before the last of them. */
  abandoned?: string;
  /** Title of what the kernel said after the last judgement. */
  crash?: string;
}

function exitOf({ abandoned, crash }: End, exit: Exit): Exit {
  if (exit.code === 1) return exit;
  if (crash !== undefined) return { code: 1, message: crash };
  return abandoned === undefined ? exit : { code: 3, message: abandoned };
}

async function runAll(
  points: readonly TestPoint[],
  { session, traces, casesOnly, replay, elsewhere, rounds, signal }: RunRequest,
  progress: RunProgress,
  record: (r: CaseRecord) => void,
): Promise<End> {
  const { target, profile, features } = session;
  const specification = casesOnly === true ? undefined : session.specification;
  const context = { arch: target.arch, profile, pageSize: target.hello.pageSize };
  let abandoned: string | undefined;
  for (const point of points) {
    if (signal.aborted) {
      abandoned = 'interrupted; continue with --resume';
      break;
    }
    progress.begin(point.id);
    // Of several rounds the last one decides; one that gave no trace leaves none.
    let last: Trace | undefined;
    try {
      const result = await runPoint(point, {
        run: async (p, seed) => {
          last = undefined;
          return (last = await target.run(p, profile, seed));
        },
        features,
        replay,
        ...(elsewhere && { elsewhere }),
        ...(specification && { specification }),
        ...(rounds && {
          rounds: { ...rounds, begin: (n: number) => progress.round(n, rounds.count) },
        }),
      });
      if (last && traces)
        traces.record({ id: point.id, program: programHash(point.program, context), trace: last });
      record(result);
      progress.end(result);
    } catch (e) {
      if (!(e instanceof TargetError)) throw e;
      return { abandoned: `${point.id}: ${e.message}` };
    }
  }
  return { ...(abandoned !== undefined && { abandoned }), ...(await settled(target)) };
}

/** A complaint that came after the reply of the last program. */
async function settled({ executor }: Session['target']): Promise<End> {
  try {
    const crash = await executor?.settle?.();
    return crash ? { crash: `after the last point: ${crash.title}` } : {};
  } catch (e) {
    if (!(e instanceof TargetError)) throw e;
    return { abandoned: `after the last point: ${e.message}` };
  }
}
