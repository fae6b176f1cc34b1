// SPDX-License-Identifier: GPL-2.0-only
import { ARCHES } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import { CaseError, CaseErrors } from './case-error.js';
import { unknownFeatures } from './check-requires.js';
import { unknownRules } from './check-rules.js';
import { distinctContexts, wordsOf } from './contexts.js';
import { expandCase } from './expand.js';
import { loadFeatures } from './features.js';
import { loadSuites } from './load.js';
import type { LoadedSuite } from './load.js';
import { loadRules } from './rules.js';
import type { Context } from './scope.js';

export interface LintResult {
  /** Suite files read. */
  suites: number;
  /** Points that apply, by `arch profile`. */
  points: Record<string, number>;
  errors: CaseError[];
}

/**
 * Check suite files without a kernel: expand them for every architecture, profile and page size.
 * @throws CaseErrors when features.yaml or rules.yaml itself is wrong
 */
export function lint(paths: readonly string[], featuresFile: string, rulesFile: string): LintResult {
  const contexts = ARCHES.flatMap((arch) => PROFILES.map((p) => `${arch} ${p.id}`));
  const points = Object.fromEntries(contexts.map((c) => [c, 0]));
  const result: LintResult = { suites: 0, points, errors: [] };
  const features = new Set(loadFeatures(featuresFile).map((f) => f.id));
  const rules = new Set(loadRules(rulesFile).rules.map((r) => r.id));
  let suites: LoadedSuite[];
  try {
    suites = loadSuites(paths);
  } catch (e) {
    if (!(e instanceof CaseErrors)) throw e;
    return { ...result, errors: [...e.errors] };
  }
  result.suites = suites.length;
  const seen = new Map<string, CaseError>();
  const note = (e: CaseError): void => void seen.set(e.message, e);
  for (const s of suites) {
    checkName(s, note);
    unknownFeatures(s, features).forEach(note);
    unknownRules(s, rules).forEach(note);
    s.raw.cases.forEach((c, i) => {
      const words = wordsOf([s.raw.arch, s.raw.profiles, c.fixture ?? s.raw.fixture, c]);
      for (const { same, ...context } of distinctContexts(words)) {
        const count = expandQuietly(s, i, { ...context, rounds: 'ends' }, note);
        for (const { arch, profile } of same) {
          const key = `${arch} ${profile.id}`;
          result.points[key] = (result.points[key] ?? 0) + count;
        }
      }
    });
  }
  result.errors = [...seen.values()].sort((a, b) =>
    a.place.file < b.place.file ? -1 : a.place.file > b.place.file ? 1 : a.place.line - b.place.line,
  );
  return result;
}

function expandQuietly(
  s: LoadedSuite,
  index: number,
  context: Context,
  note: (e: CaseError) => void,
): number {
  try {
    return expandCase(s, index, context).filter((p) => !p.skip).length;
  } catch (e) {
    if (!(e instanceof CaseError)) throw e;
    note(e);
    return 0;
  }
}

/** The name of a shipped suite is its place below suites/. */
function checkName({ source, raw }: LoadedSuite, note: (e: CaseError) => void): void {
  const expected = /(?:^|\/)suites\/(.+)\.ya?ml$/.exec(source.file)?.[1];
  if (expected !== undefined && expected !== raw.suite) {
    note(
      new CaseError(
        source.place(['suite']),
        `expected the suite to be called as its file, '${expected}', got '${raw.suite}'`,
      ),
    );
  }
}
