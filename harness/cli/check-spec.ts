// SPDX-License-Identifier: GPL-2.0-only
import { crossCheck } from '../run/cross-check.js';
import type { FindingKind, SpecFinding } from '../run/cross-check.js';
import { comparable, contextsOfModel } from '../run/model-contexts.js';
import { select } from '../run/select.js';
import type { RuleBook } from '../spec/core/step.js';
import { RULES } from '../spec/rules/index.js';
import { expandSuite } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import { SMALLEST_PAGE } from '../suite/contexts.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';

export interface SpecCheckOptions {
  ids: readonly string[];
  arches?: readonly Arch[];
  profiles?: readonly Profile[];
}

/** A finding, with the point and every context that it was found in. */
export interface PlacedFinding extends SpecFinding {
  point: string;
  contexts: string[];
}

/** What the comparison of all cases with the model came to. */
export interface SpecCheck {
  /** Points compared, in all contexts together. */
  points: number;
  counts: Record<FindingKind, number>;
  findings: PlacedFinding[];
}

/**
 * Compare every case with the model, in every architecture and profile that it holds for.
 * @param book the model, when it is not the contract itself
 * @throws SelectError for an id that matches nothing
 */
export function checkSpec(
  suites: readonly LoadedSuite[],
  options: SpecCheckOptions,
  book: RuleBook = RULES,
): SpecCheck {
  const counts = { contradiction: 0, strict: 0, vague: 0, loose: 0 };
  const merged = new Map<string, PlacedFinding>();
  let points = 0;
  const arches = options.arches ?? ARCHES;
  const profiles = options.profiles ?? PROFILES;
  for (const { arch, profile, times } of contextsOfModel()) {
    if (!arches.includes(arch) || !profiles.includes(profile)) continue;
    const context = { arch, profile, times, pageSize: SMALLEST_PAGE };
    const all = suites.flatMap((suite) => expandSuite(suite, context));
    for (const point of select(all, options.ids)) {
      if (!comparable(point, profile)) continue;
      points++;
      for (const f of crossCheck(book, point, context)) {
        counts[f.kind]++;
        const key = [point.id, f.kind, f.step, f.expected, f.model].join('\n');
        const same = merged.get(key);
        const name = `${arch}/d${profile.dialect}`;
        if (same) same.contexts.push(name);
        else merged.set(key, { ...f, point: point.id, contexts: [name] });
      }
    }
  }
  return { points, counts, findings: [...merged.values()] };
}

/** A finding in three lines. */
export function findingText(f: PlacedFinding): string {
  return [
    `${f.where}: ${f.point} step ${f.step}: ${f.kind} in ${f.contexts.join(' ')}`,
    `    ${f.what}`,
    `    case: ${f.expected}; model: ${f.model}`,
  ].join('\n');
}
