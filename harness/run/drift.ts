// SPDX-License-Identifier: GPL-2.0-only
import { isDeepStrictEqual } from 'node:util';
import { judge } from '../judge/judge.js';
import { lower } from '../lower/lower.js';
import type { WireProgram } from '../lower/wire.js';
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { expandCase } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import type { Context } from '../suite/scope.js';
import { PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';

/** Names of the profiles that expect what a point's program did, of a point that failed under its own. */
export type Elsewhere = (point: TestPoint, trace: Trace) => string[];

/**
 * Judge traces by what other profiles expect. A profile takes part where its program of the same point is the
 * same once lowered, so that only the expectations differ: what happened is then what would have happened.
 * This is how a kernel that speaks another dialect than it was taken for is told by its failures.
 * @param context what the points were expanded for
 */
export function expectedElsewhere(suites: readonly LoadedSuite[], context: Context): Elsewhere {
  const byName = new Map(suites.map((s) => [s.raw.suite, s]));
  const known = new Map<string, readonly TestPoint[]>();

  /** The points of the case of a point, for another profile. */
  function points(point: TestPoint, profile: Profile): readonly TestPoint[] {
    const [name = ''] = point.id.slice(point.suite.length + 1).split('[');
    const key = `${point.suite}/${name} ${profile.id}`;
    const suite = byName.get(point.suite);
    const index = suite?.raw.cases.findIndex((c) => c.id === name) ?? -1;
    const found =
      known.get(key) ?? (suite && index >= 0 ? expandCase(suite, index, { ...context, profile }) : []);
    known.set(key, found);
    return found;
  }

  const wire = (program: Program, profile: Profile): WireProgram => {
    const { arch, pageSize } = context;
    return lower(program, { arch, profile, pageSize, timeoutMs: 1 }).wire;
  };

  return (point, trace) => {
    const ran = wire(point.program, context.profile);
    return PROFILES.filter((profile) => {
      if (profile === context.profile) return false;
      const other = points(point, profile).find((p) => p.id === point.id);
      if (!other || other.skip) return false;
      return (
        judge(other.program, trace).verdict === 'pass' && isDeepStrictEqual(ran, wire(other.program, profile))
      );
    }).map((p) => p.id);
  };
}
