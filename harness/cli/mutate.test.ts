// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEquivalents } from '../mutate/equivalent.js';
import { VERB_NAMES } from '../program/verbs.js';
import { loadRules } from '../suite/rules.js';
import { MUTATION, RULES } from './paths.js';

const FILE = join(MUTATION, 'equivalent.yaml');

describe('the arguments that are shipped', () => {
  it('can be read, and name verbs and rules that there are', () => {
    expect(() => readEquivalents(FILE)).not.toThrow();
    const { equivalent } = parse(readFileSync(FILE, 'utf8')) as { equivalent: { mutants: string[] }[] };
    const rules = new Set(loadRules(RULES).rules.map((r) => r.id));
    const verbs: readonly string[] = VERB_NAMES;
    const unknown = equivalent
      .flatMap((e) => e.mutants)
      .filter((mutant) => {
        const [verb = '', rule = ''] = mutant.split('/');
        const id = rule.replace(/#\d+$/, '');
        return !verbs.includes(verb) || !(id.includes('*') || rules.has(id));
      });
    expect(unknown).toEqual([]);
  });
});
