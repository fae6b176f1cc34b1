// SPDX-License-Identifier: GPL-2.0-only
import { verb, VERB_NAMES } from '../program/verbs.js';
import { ARCHES } from '../uapi/arch.js';
import { PROFILES, profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import type { LoadedSuite } from './load.js';
import type { RawCase, RawStep } from './raw.js';
import { profilesOfRule } from './rules.js';
import type { Rule } from './rules.js';

/** Who holds a rule. */
export interface Coverage {
  rule: Rule;
  /** Ids of cases that name it, `suite/case`, in suite order. */
  cases: readonly string[];
  /** Profiles of the rule for which no case holds it. Empty for a rule that is unreachable: its case is named. */
  uncovered: readonly Profile[];
}

/**
 * Features that a dialect decides by definition: a case that requires one is skipped where it cannot be, and
 * holds nothing there.
 */
export const DIALECTS_OF_FEATURE: Readonly<Record<string, string>> = {
  conversion: 'd1..d8',
  'no-conversion': 'd0',
  'vm-attributes2': 'd0',
};

/**
 * For every rule the cases that hold it and the profiles where none does. A case counts for a profile only
 * when it applies there, on an architecture of the rule, and requires nothing that the dialect lacks.
 */
export function ruleCoverage(rules: readonly Rule[], suites: readonly LoadedSuite[]): Coverage[] {
  const claims = new Map<
    string,
    { id: string; profiles: ReadonlySet<Profile>; arches: ReadonlySet<string> }[]
  >();
  for (const { raw } of suites) {
    for (const c of raw.cases) {
      const claim = {
        id: `${raw.suite}/${c.id}`,
        profiles: applicable(c.profiles ?? raw.profiles, [
          ...(raw.requires ?? []),
          ...(c.requires ?? []),
          ...verbFeatures([...(c.fixture ?? raw.fixture ?? []), ...c.steps]),
        ]),
        arches: new Set<string>(c.arch ?? raw.arch ?? ARCHES),
      };
      for (const id of new Set([...(raw.rules ?? []), ...(c.rules ?? [])])) {
        claims.set(id, [...(claims.get(id) ?? []), claim]);
      }
    }
  }
  return rules.map((rule) => {
    const holders = (claims.get(rule.id) ?? []).filter(({ arches }) =>
      (rule.arch ?? ARCHES).some((arch) => arches.has(arch)),
    );
    const held = (p: Profile): boolean => holders.some(({ profiles }) => profiles.has(p));
    return {
      rule,
      cases: holders.map(({ id }) => id),
      uncovered: rule.unreachable || rule.assumed ? [] : profilesOfRule(rule).filter((p) => !held(p)),
    };
  });
}

function applicable(keys: readonly string[] | undefined, features: readonly string[]): ReadonlySet<Profile> {
  const limits = [keys, ...features.map((f) => DIALECTS_OF_FEATURE[f]).map((key) => key && [key])];
  return new Set(
    PROFILES.filter((p) =>
      limits.every((limit) => !limit || limit.some((key) => profilesOf(key).includes(p))),
    ),
  );
}

/** Features that the verbs of raw steps need; steps within steps (fork, each) included. */
function verbFeatures(steps: readonly RawStep[]): string[] {
  return steps.flatMap((step) =>
    Object.entries(step).flatMap(([key, value]) => {
      const name = VERB_NAMES.find((v) => v === key);
      return [...(name ? (verb(name).features ?? []) : []), ...verbFeatures(nested(value))];
    }),
  );
}

function nested(value: unknown): RawStep[] {
  if (Array.isArray(value)) return value.flat().filter(isStep);
  if (!isStep(value)) return [];
  const lists = [value['steps'], value['threads']].filter(Array.isArray);
  return lists.flat(2).filter(isStep);
}

const isStep = (value: unknown): value is RawStep => typeof value === 'object' && value !== null;

/** Cases that say of no rule that they hold it. */
export function casesWithoutRules(suites: readonly LoadedSuite[]): string[] {
  const bare = (c: RawCase): boolean => (c.rules ?? []).length === 0;
  return suites.flatMap(({ raw }) =>
    (raw.rules ?? []).length > 0 ? [] : raw.cases.filter(bare).map((c) => `${raw.suite}/${c.id}`),
  );
}
