// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { CaseError } from '../../harness/suite/case-error.js';
import { GUEST_ARCHES, loadMachine } from './machine.js';
import { archesOf, findRecipe, loadRecipes, loadRecipesFrom, readRecipe } from './recipe.js';
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

describe('recipes of the user', () => {
  const own = (name: string, body: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `name: own\nabout: Mine.\nprofile: d8-7.4\n${body}`);
    return path;
  };
  const build = 'fragments: { x86_64: [common, mine.config] }\n';
  it('mean paths from their own directory, and our fragments by name', () => {
    const path = own(
      'own.yaml',
      `source: { kind: git, tree: ../linux }\npatches: [a/b.patch]\nseries: { mbox: s.mbx }\nfixups: [/x/f.patch]\n${build}`,
    );
    const recipe = readRecipe(path);
    expect(recipe).toMatchObject({
      shipped: false,
      source: { kind: 'git', tree: join(directory, '../linux') },
      patches: [join(directory, 'a/b.patch')],
      series: { mbox: join(directory, 's.mbx') },
      fixups: ['/x/f.patch'],
      fragments: { x86_64: [packagePath('kernels/config/common.config'), join(directory, 'mine.config')] },
    });
    expect(archesOf(recipe)).toEqual(['x86_64']);
  });
  it('leave URLs alone, and know home', () => {
    const git = (tree: string): string => `source: { kind: git, tree: '${tree}' }\n${build}`;
    for (const url of ['https://example.org/linux.git', 'file:///srv/linux', 'host:linux'])
      expect(readRecipe(own('own.yaml', git(url))).source).toMatchObject({ tree: url });
    expect(readRecipe(own('own.yaml', git('~/linux'))).source).toMatchObject({
      tree: join(homedir(), 'linux'),
    });
  });
  it.each<[string, string, RegExp]>([
    [
      'no fragments for a build',
      'source: { kind: git, tree: x }',
      /expected fragments: a kernel from a source of kind git/,
    ],
    [
      'patches for an image',
      'source: { kind: image, images: { x86_64: { image: x } } }\npatches: []',
      /:5:10: expected no patches/,
    ],
    [
      'no architecture',
      'source: { kind: image, images: {} }',
      /source\.images must NOT have fewer than 1 properties/,
    ],
    [
      'fix-ups without a series',
      `source: { kind: git, tree: x }\n${build}fixups: [y]`,
      /expected a series that they fix/,
    ],
    [
      'two series',
      `source: { kind: git, tree: x }\n${build}series: { mbox: a, directory: b }`,
      /series must NOT have more than 1/,
    ],
    [
      'an option as a ref',
      `source: { kind: git, tree: x, ref: --all }\n${build}`,
      /source\.ref must match pattern/,
    ],
    [
      'no range',
      `source: { kind: git, tree: x }\n${build}series: { git: { tree: x, range: main } }`,
      /range must match/,
    ],
    [
      'a module with a path',
      'source: { kind: distro, suite: sid, packages: { x86_64: l }, load: [../x] }',
      /source\.load\.0 must match/,
    ],
    [
      'a word with a blank',
      `source: { kind: git, tree: x }\n${build}boot: { cmdline: [a b] }`,
      /boot\.cmdline\.0 must match/,
    ],
    [
      'an unknown default',
      `source: { kind: git, tree: x }\n${build}dialects: { a: { profile: p, cmdline: [] } }\ndefaultDialect: b`,
      /expected one of the dialects \(a\), got 'b'/,
    ],
    [
      'no default',
      `source: { kind: git, tree: x }\n${build}dialects: { a: { profile: p, cmdline: [] } }`,
      /expected a defaultDialect beside dialects/,
    ],
  ])('refuse %s', (_what, body, message) => {
    const path = own('own.yaml', body);
    expect(() => readRecipe(path)).toThrow(CaseError);
    expect(() => readRecipe(path)).toThrow(message);
  });
  it('may have a directory, and names of their own', () => {
    const at = join(directory, 'mine');
    mkdirSync(at);
    vi.stubEnv('GMEMCHECK_RECIPES', at);
    const path = own('mine/own.yaml', `source: { kind: git, tree: x }\n${build}`);
    expect(findRecipe('own')).toMatchObject({ file: path, shipped: false });
    expect(findRecipe('mainline-7.3')).toMatchObject({ shipped: true });
    writeFileSync(path, readFileSync(path, 'utf8').replace('name: own', 'name: mainline-7.3'));
    expect(() => loadRecipes()).toThrow(
      /own\.yaml:1:7: expected another name: .*mainline-7\.3\.yaml is called/,
    );
    vi.unstubAllEnvs();
  });
  it('have valid examples of every kind, which are in no list', () => {
    const examples = loadRecipesFrom(packagePath('kernels', 'recipes', 'examples'));
    expect(new Set(examples.map(({ source }) => source.kind))).toEqual(
      new Set(['git', 'tarball', 'image', 'distro']),
    );
    for (const { name } of examples) expect(findRecipe(name)).toBeUndefined();
  });
});

describe('machines', () => {
  it.each(GUEST_ARCHES)('%s is valid and about itself', (arch) => {
    expect(loadMachine(arch).arch).toBe(arch);
  });
});
