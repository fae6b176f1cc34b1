// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseError } from '../../harness/suite/case-error.js';
import { FAULTS_FILE, faultWords, loadFaults, loadReviewed } from './faults.js';
import { findRecipe } from './recipe.js';

const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-faults-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Every line that the patches of the faults add. */
const added = readdirSync(dirname(FAULTS_FILE))
  .filter((file) => file.endsWith('.patch'))
  .flatMap((file) => readFileSync(join(dirname(FAULTS_FILE), file), 'utf8').split('\n'))
  .filter((line) => line.startsWith('+'))
  .join('\n');

function symbol(id: string): string {
  return id.toUpperCase().replaceAll('-', '_');
}

describe('faults', () => {
  const faults = loadFaults();
  it('are those of the enum in the kernel, with the same numbers', () => {
    const enumerated = [...added.matchAll(/^\+\tGMEM_FAULT_([A-Z0-9_]+) = (\d+),$/gm)]
      .map(([, name, n]) => [name, Number(n)])
      .filter(([, n]) => n !== 0);
    expect(faults.map(({ id, n }) => [symbol(id), n])).toEqual(enumerated);
  });
  it('each change the code somewhere, and no other does', () => {
    const used = new Set([...added.matchAll(/\bgmem_fault\(([A-Z0-9_]+)\)/g)].map(([, name]) => name));
    expect([...used].sort()).toEqual(faults.map(({ id }) => symbol(id)).sort());
  });
  it('are at least sixty, and few of them cannot be seen', () => {
    const visible = faults.filter(({ equivalent }) => equivalent === undefined);
    expect(visible.length).toBeGreaterThanOrEqual(60);
    expect(faults.length - visible.length).toBeLessThan(faults.length / 20);
  });
  it('belong to a kernel and its dialects', () => {
    const recipe = findRecipe(findRecipe('reference-7.3')?.faults ?? '');
    expect(recipe?.name).toBe('reference-7.3-faults');
    for (const { dialect = 'd8' } of faults) expect(recipe?.dialects).toHaveProperty(dialect);
  });
  it('are chosen by a word of the command line', () => {
    expect(faultWords({ n: 17 })).toEqual(['kvm.gmem_fault=17']);
  });
  it('say of each finding of reviewers what became of it', () => {
    expect(loadReviewed().map(({ entry }) => entry)).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
  });
});

describe('a list of faults', () => {
  const one = '  - { id: a-b, n: 3, area: x, about: A., source: own }\n';
  const load = (text: string) => () => {
    const path = join(directory, 'f.yaml');
    writeFileSync(path, text);
    return loadFaults(path, 'f.yaml');
  };
  it('is read', () => {
    expect(load(`faults:\n${one}reviewed: [{ entry: 1, faults: [a-b] }]\n`)()).toHaveLength(1);
  });
  it.each<[string, string, RegExp]>([
    [
      'a second id',
      `faults:\n${one}${one.replace('3', '4')}reviewed: []\n`,
      /f\.yaml:3:\d+: .*'a-b' is taken/,
    ],
    ['a number out of order', `faults:\n${one}${one.replace('a-b', 'c')}reviewed: []\n`, /above 3/],
    ['an unknown key', `faults:\n${one.replace('}', ', x: 1 }')}reviewed: []\n`, /unknown key 'x'/],
    ['an unknown fault', `faults:\n${one}reviewed: [{ entry: 1, faults: [c] }]\n`, /got 'c'/],
    ['no reason', `faults:\n${one}reviewed: [{ entry: 1 }]\n`, /expected faults, or a reason/],
  ])('refuses %s', (_what, text, message) => {
    expect(load(text)).toThrow(CaseError);
    expect(load(text)).toThrow(message);
  });
});
