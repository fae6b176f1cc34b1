// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CaseError } from '../../harness/suite/case-error.js';
import { GUEST_ARCHES, loadMachine } from './machine.js';
import { findRecipe, loadRecipes, loadRecipesFrom } from './recipe.js';
import { packagePath } from './root.js';

const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-recipes-'));
afterAll(() => rmSync(directory, { recursive: true }));
const text = readFileSync(packagePath('kernels', 'recipes', 'mainline-7.3.yaml'), 'utf8');

function errorFor(changed: string): unknown {
  writeFileSync(join(directory, 'r.yaml'), changed);
  try {
    loadRecipesFrom(directory);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('recipes', () => {
  it('are all valid and named after their files', () => {
    for (const { name } of loadRecipes()) expect(findRecipe(name)?.name).toBe(name);
    expect(findRecipe('mainline-7.3')?.minimumPoints).toEqual({ x86_64: 1600, aarch64: 1150 });
    expect(findRecipe('none')).toBeUndefined();
  });
  it.each<[string, string, string, RegExp]>([
    [
      'a wrong type',
      'x86_64: 1600',
      'x86_64: many',
      /r\.yaml:\d+:\d+: minimumPoints\.x86_64 must be integer\n/,
    ],
    ['an unknown key', 'patches: []', 'patches: []\npaches: []', /r\.yaml:\d+:\d+: .*unknown key 'paches'/],
    ['an unknown kind', 'kind: debian', 'kind: floppy', /r\.yaml:\d+:\d+: source: unknown kind 'floppy'/],
    ['a name with a path', '[common,', '[com/mon,', /fragments\.x86_64\.0 must match pattern/],
    ['a missing field', 'profile: d0-mainline', '', /must have required property 'profile'/],
  ])('refuse %s and say where', (_what, from, to, message) => {
    const error = errorFor(text.replace(from, to));
    expect(error).toBeInstanceOf(CaseError);
    expect((error as CaseError).message).toMatch(message);
  });
  it('point at the line of the mistake', () => {
    const error = errorFor(text.replace('kind: debian', 'kind: floppy')) as CaseError;
    const line = text.split('\n').findIndex((each) => each.includes('kind: debian')) + 1;
    expect(error.place.line).toBe(line);
    expect(error.place.column).toBeGreaterThan(1);
  });
});

describe('machines', () => {
  it.each(GUEST_ARCHES)('%s is valid and about itself', (arch) => {
    expect(loadMachine(arch).arch).toBe(arch);
  });
});
