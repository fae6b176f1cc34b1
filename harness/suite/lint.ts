// SPDX-License-Identifier: GPL-2.0-only
import { ARCHES } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import { CaseError, CaseErrors } from './case-error.js';
import { unknownFeatures } from './check-requires.js';
import { expandSuite } from './expand.js';
import { loadFeatures } from './features.js';
import { loadSuites } from './load.js';
import type { LoadedSuite } from './load.js';
import type { Context } from './scope.js';

export interface LintResult {
  /** Suite files read. */
  suites: number;
  /** Points that apply, by `arch profile`. */
  points: Record<string, number>;
  errors: CaseError[];
}

/** Page sizes that expressions must hold for, bytes. */
const PAGE_SIZES = [4096, 16384, 65536];

/**
 * Check suite files without a kernel: expand them for every architecture, profile and page size.
 * @throws CaseErrors when features.yaml itself is wrong
 */
export function lint(paths: readonly string[], featuresFile: string): LintResult {
  const result: LintResult = { suites: 0, points: {}, errors: [] };
  const features = new Set(loadFeatures(featuresFile).map((f) => f.id));
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
    // A suite that names no profile and nothing that belongs to one is the same for all.
    const profiles = speaksOfProfiles(s) ? PROFILES : PROFILES.slice(0, 1);
    for (const arch of ARCHES) {
      for (const profile of profiles) {
        // Aarch64 alone has page sizes other than 4 KiB; what they do to a number no profile changes.
        const sizes = arch === 'aarch64' && profile === PROFILES[0] ? PAGE_SIZES : PAGE_SIZES.slice(0, 1);
        for (const pageSize of sizes) {
          const count = expandQuietly(s, { arch, profile, pageSize }, note);
          if (pageSize !== PAGE_SIZES[0]) continue;
          for (const counted of profiles.length === 1 ? PROFILES : [profile]) {
            const key = `${arch} ${counted.id}`;
            result.points[key] = (result.points[key] ?? 0) + count;
          }
        }
      }
    }
  }
  result.errors = [...seen.values()].sort((a, b) =>
    a.place.file < b.place.file ? -1 : a.place.file > b.place.file ? 1 : a.place.line - b.place.line,
  );
  return result;
}

function speaksOfProfiles({ source: { text } }: LoadedSuite): boolean {
  return PROFILES.some((p) => [p.id, ...Object.keys(p.constants)].some((word) => text.includes(word)));
}

function expandQuietly(s: LoadedSuite, context: Context, note: (e: CaseError) => void): number {
  try {
    return expandSuite(s, context).filter((p) => !p.skip).length;
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
