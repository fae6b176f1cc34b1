// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaText } from '../cli/check.js';
import { FEATURES, RULES, SCHEMA, SUITES } from '../cli/paths.js';
import { CaseErrors } from './case-error.js';
import { expandSuite } from './expand.js';
import { loadFeatures } from './features.js';
import { lint } from './lint.js';
import { loadSuites } from './load.js';
import { ARM, X86 } from './suites.test-helper.js';

describe('the shipped suites', () => {
  it('pass lint on every architecture and profile', () => {
    const { errors, suites, points } = lint([SUITES], FEATURES, RULES);
    expect(errors.map((e) => e.message)).toEqual([]);
    expect(suites).toBeGreaterThanOrEqual(20);
    expect(points['x86_64 d0-mainline']).toBeGreaterThanOrEqual(400);
    expect(points['aarch64 d0-mainline']).toBeGreaterThanOrEqual(250);
  });

  it('have ids without blanks and #, each once', () => {
    const suites = loadSuites([SUITES]);
    for (const context of [X86, ARM]) {
      const ids = suites.flatMap((s) => expandSuite(s, context)).map((p) => p.id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^[a-z0-9/-]+(\[[\x21-\x22\x24-\x7e]+\])?$/);
    }
  });

  it('require known features only, those inferred from steps included', () => {
    const known = new Set(loadFeatures(FEATURES).map((f) => f.id));
    const required = new Set(
      loadSuites([SUITES]).flatMap((s) => expandSuite(s, X86).flatMap((p) => p.requires)),
    );
    expect([...required].filter((r) => !known.has(r))).toEqual([]);
  });

  it('are described by suites/schema.json as `check --write-schema` writes it', () => {
    // The difference would fill the screen; what to do about it is this.
    expect(readFileSync(SCHEMA, 'utf8') === schemaText(), 'run: npm run schema').toBe(true);
  });
});

describe('lint', () => {
  function inDir<T>(files: Readonly<Record<string, string>>, body: (dir: string) => T): T {
    const dir = mkdtempSync(join(tmpdir(), 'gmemcheck-lint-'));
    try {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(dir, name, '..'), { recursive: true });
        writeFileSync(join(dir, name), text);
      }
      return body(dir);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }
  const suite = (name: string, extra = ''): string =>
    `suite: ${name}\nabout: A.\ncases:\n  - { id: c, about: A., ${extra}steps: [{ create_vm: default }] }\n`;

  it('wants a suite below suites/ to be called as its file', () => {
    const problems = inDir({ 'suites/a/b.yaml': suite('a/c') }, (dir) =>
      lint([dir], FEATURES, RULES).errors.map((e) => e.problem),
    );
    expect(problems).toEqual(["expected the suite to be called as its file, 'a/b', got 'a/c'"]);
  });

  it('says what is wrong once, not for every architecture and profile', () => {
    const errors = inDir({ 'a.yaml': suite('a/b').replace('default', '{ raw: nonsense }') }, (dir) =>
      lint([dir], FEATURES, RULES).errors.map((e) => e.problem),
    );
    expect(errors).toEqual(["unknown name 'nonsense' in 'nonsense'"]);
  });

  it('counts points that apply', () => {
    const points = inDir(
      { 'a.yaml': suite('a/b', 'arch: [x86_64], ') },
      (dir) => lint([dir], FEATURES, RULES).points,
    );
    expect(points).toMatchObject({ 'x86_64 d0-mainline': 1, 'aarch64 d0-mainline': 0 });
  });

  it('finds what holds for small pages only', () => {
    const text = suite('a/b').replace('default', '{ raw: 1<<(page_size/1024) }');
    const errors = inDir({ 'a.yaml': text }, (dir) =>
      lint([dir], FEATURES, RULES).errors.map((e) => e.problem),
    );
    expect(errors).toEqual([expect.stringContaining('fits 64 bits, got 18446744073709551616')]);
  });

  it('finds a feature that is described in two ways', () => {
    const text = 'features:\n  - { id: a, about: A, ioctl: KVM_RUN, capability: KVM_CAP_X86_SMM }\n';
    inDir({ 'features.yaml': text, 'a.yaml': suite('a/b') }, (dir) => {
      expect(() => lint([join(dir, 'a.yaml')], join(dir, 'features.yaml'), RULES)).toThrow(CaseErrors);
    });
  });
});
