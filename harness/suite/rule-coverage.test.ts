// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { RULES, SUITES } from '../cli/paths.js';
import { missingCases, unknownRules } from './check-rules.js';
import { loadSuites } from './load.js';
import { casesWithoutRules, ruleCoverage } from './rule-coverage.js';
import type { Coverage } from './rule-coverage.js';
import { loadRules } from './rules.js';
import type { Rule } from './rules.js';
import { suiteOf } from './suites.test-helper.js';

const RULE: Rule = { id: 'a.b.c', statement: 'It holds.', source: ['mm/gup.c'], profiles: ['d0..d8'] };

/** Coverage of one rule by a suite with one case. */
function covered(rule: Partial<Rule>, body: string, head = ''): Coverage | undefined {
  const suite = suiteOf(
    `suite: a/b\nabout: A.\n${head}cases:\n  - { id: c, about: A., ${body === '' ? '' : `${body}, `}steps: [{ create_vm: default }] }\n`,
  );
  return ruleCoverage([{ ...RULE, ...rule }], [suite])[0];
}

const dialects = (c: Coverage | undefined): number[] => c?.uncovered.map((p) => p.dialect) ?? [];

describe('a rule', () => {
  it('is held by the cases that name it, and by those of a suite that does', () => {
    expect(covered({}, 'rules: [a.b.c]')?.cases).toEqual(['a/b/c']);
    expect(covered({}, '', 'rules: [a.b.c]\n')?.cases).toEqual(['a/b/c']);
    expect(covered({}, 'rules: [a.b.d]')?.cases).toEqual([]);
  });

  it('is held for the profiles of the case only', () => {
    expect(dialects(covered({}, 'rules: [a.b.c]'))).toEqual([]);
    expect(dialects(covered({}, 'rules: [a.b.c], profiles: [d7..d8, d0]'))).toEqual([1, 3, 4, 5, 6]);
    expect(dialects(covered({}, 'rules: [a.b.c]', 'profiles: [d8]\n'))).toEqual([0, 1, 3, 4, 5, 6, 7]);
    expect(dialects(covered({ profiles: ['d8'] }, 'rules: [a.b.c], profiles: [d8]'))).toEqual([]);
  });

  it('is not held where the dialect lacks what the case requires', () => {
    expect(dialects(covered({}, 'rules: [a.b.c], requires: [conversion]'))).toEqual([0]);
    expect(dialects(covered({ profiles: ['d0..d3'] }, 'rules: [a.b.c], requires: [fork]'))).toEqual([]);
  });

  it('is not held by a case for another architecture', () => {
    const held = covered({ arch: ['aarch64'] }, 'rules: [a.b.c], arch: [x86_64]');
    expect(held?.cases).toEqual([]);
    expect(dialects(held)).toHaveLength(8);
  });

  it('that no emulation shows counts as such', () => {
    expect(dialects(covered({ unreachable: { why: 'firmware', case: 'a/b/c' } }, ''))).toEqual([]);
  });
});

describe('the shipped suites', () => {
  const suites = loadSuites([SUITES]);
  const book = loadRules(RULES);

  it('name rules that exist, and have the cases for what emulation cannot show', () => {
    const known = new Set(book.rules.map((r) => r.id));
    const errors = [...suites.flatMap((s) => unknownRules(s, known)), ...missingCases(book, suites)];
    expect(errors.map((e) => e.message)).toEqual([]);
  });

  it('hold every rule, for every profile of it', () => {
    const lacking = ruleCoverage(book.rules, suites).filter((c) => c.uncovered.length > 0);
    expect(lacking.map((c) => `${c.rule.id} ${c.uncovered.map((p) => p.id).join(' ')}`)).toEqual([]);
  });

  it('say of every case what it holds', () => {
    expect(casesWithoutRules(suites)).toEqual([]);
  });
});

it('knows the cases that hold no rule', () => {
  const body = 'steps: [{ create_vm: default }] }';
  const text = `suite: a/b\nabout: A.\ncases:\n  - { id: c, about: A., ${body}\n  - { id: d, about: A., rules: [a.b.c], ${body}\n`;
  expect(casesWithoutRules([suiteOf(text)])).toEqual(['a/b/c']);
});
