// SPDX-License-Identifier: GPL-2.0-only
import { isDeepStrictEqual } from 'node:util';
import type { CaseRecord } from '../judge/verdict.js';
import { lower } from '../lower/lower.js';
import type { WireProgram } from '../lower/wire.js';
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { isNotOk } from '../report/diagnostics.js';
import type { DriftCell, Telling } from '../report/drift-table.js';
import { expandSuite } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import type { FeatureState } from '../suite/features.js';
import type { LoadedSuite } from '../suite/load.js';
import type { Context } from '../suite/scope.js';
import type { Profile } from '../uapi/profiles/index.js';
import { expectedElsewhere } from './drift.js';
import { runPoint } from './run-point.js';
import { select } from './select.js';

/** A kernel that is running, and what it is asked. */
export interface DriftRow {
  suites: readonly LoadedSuite[];
  /** Patterns as `run` takes them. */
  ids: readonly string[];
  /** What to expand for, but for the profile. */
  context: Omit<Context, 'profile'>;
  features: ReadonlyMap<string, FeatureState>;
  /** What to hold the kernel to, one after the other. */
  profiles: readonly Profile[];
  readonly run: (program: Program, profile: Profile) => Promise<Trace>;
}

/**
 * Hold one kernel to several profiles. A program that several profiles write in the same way runs once for all
 * of them, since only what they expect differs.
 * @param progress is told of each suite before it runs
 */
export async function driftRow(
  row: DriftRow,
  progress: (suite: string) => void = () => {},
): Promise<DriftCell[]> {
  const { ids, context } = row;
  const [first] = row.profiles;
  // Ids are the same for all profiles: what is not selected for the first is expanded for no other.
  const carriers = first
    ? new Set(selected(row.suites, ids, { ...context, profile: first }).map((p) => p.suite))
    : new Set();
  const suites = row.suites.filter((s) => carriers.has(s.raw.suite));
  const columns = row.profiles.map((profile) => ({
    profile,
    points: selected(suites, ids, { ...context, profile }),
    elsewhere: expectedElsewhere(suites, { ...context, profile }),
    records: [] as CaseRecord[],
  }));
  const length = columns[0]?.points.length ?? 0;
  for (let i = 0; i < length; i++) {
    const run = once(row);
    for (const { profile, points, elsewhere, records } of columns) {
      const point = points[i];
      if (!point) continue;
      progress(point.suite);
      const how = { run: (program: Program) => run(program, profile), features: row.features, elsewhere };
      records.push(await runPoint(point, { ...how, replay: () => '' }));
    }
  }
  return columns.map(({ profile, records }) => cell(profile, records));
}

function selected(suites: readonly LoadedSuite[], ids: readonly string[], context: Context): TestPoint[] {
  return select(
    suites.flatMap((suite) => expandSuite(suite, context)),
    ids,
  );
}

/** Run a program unless one that is the same once lowered did run. */
function once({ run, context }: DriftRow): DriftRow['run'] {
  const ran: { wire: WireProgram; trace: Trace }[] = [];
  return async (program, profile) => {
    const { wire } = lower(program, { ...context, profile, timeoutMs: 1 });
    const earlier = ran.find((r) => isDeepStrictEqual(r.wire, wire));
    if (earlier) return earlier.trace;
    const trace = await run(program, profile);
    ran.push({ wire, trace });
    return trace;
  };
}

function cell(profile: Profile, records: readonly CaseRecord[]): DriftCell {
  const failed = records.filter((r) => isNotOk(r.verdict));
  const telling = tellingOf(failed);
  return {
    profile: profile.id,
    executed: records.filter((r) => r.verdict !== 'skip').length,
    notOk: failed.map((r) => r.id),
    ...(telling && { telling }),
  };
}

/**
 * Which failure says most: one of what the kernel does, before those of capabilities, which are numbers; then one
 * whose result other profiles expect.
 */
function tellingOf(failed: readonly CaseRecord[]): Telling | undefined {
  const told = failed.flatMap(({ id, verdict, mismatches: [mismatch], drift = [] }) =>
    verdict === 'fail' && mismatch ? [{ id, mismatch, drift }] : [],
  );
  const worth = ({ id, drift }: Telling): number =>
    (/(^|\/)caps\//.test(id) ? 0 : 2) + (drift.length > 0 ? 1 : 0);
  return told.sort((a, b) => worth(b) - worth(a))[0];
}
