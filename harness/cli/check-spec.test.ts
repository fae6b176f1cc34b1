// SPDX-License-Identifier: GPL-2.0-only
/** All suites against the model, in every dialect and architecture at once: it takes its time. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Rule as SpecRule } from '../spec/core/rule.js';
import { UNSPECIFIED } from '../spec/core/step.js';
import type { World } from '../spec/core/world.js';
import { idsOf, watched } from '../spec/core/watched.js';
import { RULES } from '../spec/rules/index.js';
import { loadSuites } from '../suite/load.js';
import { loadRules, profilesOfRule } from '../suite/rules.js';
import type { Rule } from '../suite/rules.js';
import { ARCHES } from '../uapi/arch.js';
import { checkSpec, findingText } from './check-spec.js';
import type { SpecCheck } from './check-spec.js';
import { RULES as RULES_FILE, SUITES } from './paths.js';

const known = new Map(loadRules(RULES_FILE).rules.map((rule) => [rule.id, rule]));
const everyId = new Set(
  Object.values(RULES)
    .flatMap((rules) => rules as readonly SpecRule[])
    .flatMap(idsOf)
    .filter((id) => id !== UNSPECIFIED),
);

describe('rules of the model', () => {
  it('cite ids of suites/rules.yaml', () => {
    expect([...everyId].filter((id) => !known.has(id))).toEqual([]);
  });

  it('use every rule that only the model relies on', () => {
    const assumed = [...known.values()].filter((rule) => rule.assumed).map(({ id }) => id);
    expect(assumed.filter((id) => !everyId.has(id))).toEqual([]);
  });
});

describe('the cases and the model', () => {
  const cited = new Set<string>();
  let result: SpecCheck;

  beforeAll(() => {
    // What a hold is for shows where there is conversion; it is there without, too.
    const note = (id: string, world: World): void => {
      if (id.startsWith('gmem.pin.') && !world.has('conversion')) return;
      cited.add(`${id} ${world.arch} ${world.dialect}`);
    };
    const book = watched(RULES, note, (id, world) => {
      if (world.has('conversion')) note(id, world);
    });
    result = checkSpec(loadSuites([SUITES]), { ids: [] }, book);
  }, 600_000);

  it('contradict each other nowhere', () => {
    const contradictions = result.findings.filter(({ kind }) => kind === 'contradiction');
    expect(contradictions.map(findingText)).toEqual([]);
    expect(result.points).toBeGreaterThan(20_000);
  });

  it('cite rules only where they hold', () => {
    const wrong = [...cited].filter((citation) => {
      const [id = '', arch = '', dialect = ''] = citation.split(' ');
      const rule = known.get(id);
      return rule !== undefined && !holds(rule, arch, Number(dialect));
    });
    expect(wrong.sort()).toEqual([]);
  });
});

function holds(rule: Rule, arch: string, dialect: number): boolean {
  const arches: readonly string[] = rule.arch ?? ARCHES;
  return arches.includes(arch) && profilesOfRule(rule).some((p) => p.dialect === dialect);
}
