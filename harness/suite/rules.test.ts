// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RULES } from '../cli/paths.js';
import { loadRules, profilesOfRule } from './rules.js';
import type { RuleBook } from './rules.js';

const dir = mkdtempSync(join(tmpdir(), 'gmemcheck-rules-'));
afterAll(() => rmSync(dir, { recursive: true }));

function load(...entries: string[]): RuleBook {
  const file = join(dir, 'rules.yaml');
  writeFileSync(file, `rules:\n${entries.map((e) => `  - { ${e} }\n`).join('')}`);
  return loadRules(file);
}

const entry = (id: string, extra = 'profiles: [d0]'): string =>
  `id: ${id}, statement: It holds., source: [mm/gup.c], ${extra}`;

describe('the shipped rules', () => {
  const { rules } = loadRules(RULES);

  it('are many, each one a sentence', () => {
    expect(rules.length).toBeGreaterThan(300);
    for (const { statement } of rules) expect(statement).toMatch(/^[A-Za-z/].*\.$/);
    expect(new Set(rules.map((r) => r.statement)).size).toBe(rules.length);
  });

  it('have sources that readers can look up', () => {
    for (const { source } of rules) for (const s of source) expect(s).not.toContain('uapi.md');
  });
});

describe('a file of rules', () => {
  it('gives the profiles of ordinals and ranges, oldest first', () => {
    const { rules } = load(entry('a.b.c', 'profiles: [d6..d7, d0]'));
    expect(rules.flatMap((r) => profilesOfRule(r).map((p) => p.dialect))).toEqual([0, 6, 7]);
  });

  it('is sorted', () => {
    expect(() => load(entry('a.b.d'), entry('a.b.c'))).toThrow("expected 'a.b.c' before 'a.b.d'");
  });

  it('has each id once', () => {
    expect(() => load(entry('a.b.c'), entry('a.b.c'))).toThrow("expected distinct ids, got 'a.b.c' twice");
  });

  it.each([
    ['a profile that does not exist', entry('a.b.c', 'profiles: [d9]'), "'d9' names none"],
    ['an id without area', entry('c'), "what matches ^[a-z0-9]+(\\.[a-z0-9][a-z0-9-]*){2}$, got 'c'"],
    ['no source', 'id: a.b.c, statement: It holds., profiles: [d0]', "expected a 'source' here"],
    ['an unknown architecture', entry('a.b.c', 'profiles: [d0], arch: [s390]'), 'x86_64, aarch64'],
    ['nothing that would run', entry('a.b.c', 'profiles: [d0], unreachable: { why: A. }'), "a 'case' here"],
  ])('is refused with %s', (_what, text, message) => {
    expect(() => load(text)).toThrow(message);
  });
});
