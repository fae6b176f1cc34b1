// SPDX-License-Identifier: GPL-2.0-only
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, verifyConfig } from './config.js';
import { findBuiltKernel } from './kernel.js';
import { archesOf, loadRecipes } from './recipe.js';

const fragment = (text: string, name = 'f') => ({ name, text });

describe('parseConfig', () => {
  it('reads values, strings and unset symbols, and ignores comments', () => {
    const text = '# a reason\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="x=y"\nCONFIG_D=-1\n';
    expect([...parseConfig(text)]).toEqual([
      ['CONFIG_A', 'y'],
      ['CONFIG_B', 'n'],
      ['CONFIG_C', '"x=y"'],
      ['CONFIG_D', '-1'],
    ]);
  });
});

describe('verifyConfig', () => {
  it('accepts what came out as requested; an absent symbol is unset', () => {
    verifyConfig([fragment('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=n\n')], 'CONFIG_A=y\n');
  });
  it('takes the last fragment that names a symbol', () => {
    verifyConfig([fragment('CONFIG_A=n'), fragment('CONFIG_A=y')], 'CONFIG_A=y');
  });
  it('lists every symbol that differs, with the fragment that asked for it', () => {
    const check = () =>
      verifyConfig(
        [fragment('CONFIG_A=y\nCONFIG_N=8\n# CONFIG_B is not set', 'common')],
        'CONFIG_N=4\nCONFIG_B=y',
      );
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(
      [
        '3 kernel option(s) did not come out as requested:',
        '  CONFIG_A: expected y (fragment common), got n',
        '  CONFIG_N: expected 8 (fragment common), got 4',
        '  CONFIG_B: expected n (fragment common), got y',
      ].join('\n'),
    );
  });
});

describe('the fragments', () => {
  const recipes = loadRecipes().filter(({ fragments }) => fragments !== undefined);
  const files = [...new Set(recipes.flatMap(({ fragments = {} }) => Object.values(fragments).flat()))];
  it.each(files)('%s exists and asks for each symbol once', async (file) => {
    const text = await readFile(file, 'utf8');
    const symbols = text.match(/^(?:# )?CONFIG_\w+/gm)?.map((match) => match.replace('# ', '')) ?? [];
    expect(symbols.length).toBeGreaterThan(0);
    expect([...new Set(symbols)].length).toBe(symbols.length);
    expect(parseConfig(text).size).toBe(symbols.length);
  });
  const cases = recipes.flatMap((recipe) =>
    archesOf(recipe).map((arch) => ({ recipe, arch, name: recipe.name })),
  );
  it.each(cases)('$name says nothing twice on $arch', async ({ recipe, arch }) => {
    const texts = await Promise.all((recipe.fragments?.[arch] ?? []).map((file) => readFile(file, 'utf8')));
    // A later fragment may say otherwise: debug.config turns on what others turn off.
    const said = texts.flatMap((text) =>
      [...parseConfig(text)].map(([symbol, value]) => `${symbol}=${value}`),
    );
    expect(said.filter((each, index) => said.indexOf(each) !== index)).toEqual([]);
  });
  it.for(cases)('$name has what it asked for on $arch', async ({ recipe, arch }, { skip }) => {
    const built = await findBuiltKernel(recipe, arch);
    if (built?.config === undefined) return skip(`${recipe.name} is not built for ${arch}`);
    const fragments = await Promise.all(
      (recipe.fragments?.[arch] ?? []).map(async (file) =>
        fragment(await readFile(file, 'utf8'), basename(file)),
      ),
    );
    verifyConfig(fragments, await readFile(built.config, 'utf8'));
  });
});
