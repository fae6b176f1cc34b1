// SPDX-License-Identifier: GPL-2.0-only
import type { Program } from '../program/step.js';
import { profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { buildSteps } from './build-step.js';
import type { LoadedSuite } from './load.js';
import { points } from './points.js';
import type { RawCase } from './raw.js';
import { times } from './repeat.js';
import { inferred } from './requires.js';
import { Scope } from './scope.js';
import type { Context } from './scope.js';

/** One test point: a case with one combination of its variables, for one context. */
export interface TestPoint {
  /** `create/flags/each-bit[bit=3]`. */
  id: string;
  suite: string;
  about: string;
  source: readonly string[];
  /** Feature ids, written and inferred, sorted. */
  requires: readonly string[];
  /** Ids of rules.yaml that the point holds the kernel to, the suite's and the case's, sorted. */
  rules: readonly string[];
  /** `file:line:column` of the case. */
  where: string;
  /** Set when the point does not apply in this context: machine-readable code and reason. */
  skip?: { code: string; reason: string };
  /** Set when it is known to fail here. */
  xfail?: string;
  program: Program;
}

/**
 * Expand a suite for one architecture, profile and page size.
 * @throws CaseError for the first thing that cannot be resolved
 */
export function expandSuite(suite: LoadedSuite, context: Context): TestPoint[] {
  const built = new Map<object, unknown>();
  return suite.raw.cases.flatMap((_, i) => expandCase(suite, i, context, built));
}

/**
 * Expand one case of a suite.
 * @param built steps of this suite and context that were built already
 * @throws CaseError for the first thing that cannot be resolved
 */
export function expandCase(
  suite: LoadedSuite,
  index: number,
  context: Context,
  built = new Map<object, unknown>(),
): TestPoint[] {
  const { raw, source } = suite;
  const c = raw.cases[index];
  if (!c) throw new RangeError(`${raw.suite} has no case ${index}`);
  const path = ['cases', index];
  const { file, line, column } = source.place(path);
  const rules = [...new Set([...(raw.rules ?? []), ...(c.rules ?? [])])].sort();
  return points(c, source, path).map(({ suffix, vars }) => {
    const id = `${raw.suite}/${c.id}${suffix}`;
    const skip = inapplicable(suite, c, context);
    const point = {
      id,
      suite: raw.suite,
      about: c.about,
      source: [...(raw.source ?? []), ...(c.source ?? [])],
      rules,
      where: `${file}:${line}:${column}`,
      ...(skip ? { skip } : {}),
      ...xfail(c, context),
    };
    // Expectations are written for the contexts a case holds for: elsewhere there is nothing to resolve.
    const written = [...(raw.requires ?? []), ...(c.requires ?? [])];
    if (skip) return { ...point, requires: written.sort(), program: { id, steps: [] } };
    const scope = Scope.forPoint(source, context, id, vars, built);
    const steps = [
      ...buildSteps(c.fixture ?? raw.fixture ?? [], c.fixture ? [...path, 'fixture'] : ['fixture'], scope),
      ...times(c.times ?? raw.times ?? 1n, scope).flatMap((each) =>
        buildSteps(c.steps, [...path, 'steps'], each),
      ),
    ];
    const requires = new Set([...written, ...inferred(steps)]);
    return { ...point, requires: [...requires].sort(), program: { id, steps } };
  });
}

function inapplicable({ raw }: LoadedSuite, c: RawCase, { arch, profile }: Context): TestPoint['skip'] {
  const arches = c.arch ?? raw.arch;
  if (arches && !arches.includes(arch))
    return { code: `arch:${arch}`, reason: `holds for ${arches.join(', ')} only` };
  const profiles = c.profiles ?? raw.profiles;
  if (profiles && !holdsFor(profiles, profile)) {
    return { code: `profile:${profile.id}`, reason: `holds for ${profiles.join(', ')} only` };
  }
  return undefined;
}

/** Whether a list of profiles, ordinals and ranges of them has this profile. */
function holdsFor(keys: readonly string[], profile: Profile): boolean {
  return keys.some((key) => profilesOf(key).includes(profile));
}

function xfail(c: RawCase, { arch, profile }: Context): { xfail?: string } {
  const x = c.xfail;
  if (!x || (x.arch && !x.arch.includes(arch)) || (x.profiles && !holdsFor(x.profiles, profile))) return {};
  return { xfail: x.reason };
}
