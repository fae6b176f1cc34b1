// SPDX-License-Identifier: GPL-2.0-only
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, verifyConfig } from './config.js';
import { GUEST_ARCHES } from './machine.js';
import { findBuiltKernel } from './kernel.js';
import { loadRecipes } from './recipe.js';
import { packagePath } from './root.js';

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
        '  CONFIG_A: expected y (kernels/config/common.config), got n',
        '  CONFIG_N: expected 8 (kernels/config/common.config), got 4',
        '  CONFIG_B: expected n (kernels/config/common.config), got y',
      ].join('\n'),
    );
  });
});

describe('the fragments', () => {
  const names = [...new Set(loadRecipes().flatMap(({ fragments }) => Object.values(fragments).flat()))];
  it.each(names)('%s exists and asks for each symbol once', async (name) => {
    const text = await readFile(packagePath('kernels', 'config', `${name}.config`), 'utf8');
    const symbols = text.match(/^(?:# )?CONFIG_\w+/gm)?.map((match) => match.replace('# ', '')) ?? [];
    expect(symbols.length).toBeGreaterThan(0);
    expect([...new Set(symbols)].length).toBe(symbols.length);
    expect(parseConfig(text).size).toBe(symbols.length);
  });
  for (const recipe of loadRecipes()) {
    it.each(GUEST_ARCHES)(`${recipe.name} asks for no symbol twice on %s`, async (arch) => {
      const texts = await Promise.all(
        recipe.fragments[arch].map((name) =>
          readFile(packagePath('kernels', 'config', `${name}.config`), 'utf8'),
        ),
      );
      const symbols = texts.flatMap((text) => [...parseConfig(text).keys()]);
      expect(symbols.filter((symbol, index) => symbols.indexOf(symbol) !== index)).toEqual([]);
    });
    it.for(GUEST_ARCHES)(`${recipe.name} has what it asked for on %s`, async (arch, { skip }) => {
      const built = await findBuiltKernel(recipe, arch);
      if (!built) return skip(`${recipe.name} is not built for ${arch}`);
      const fragments = await Promise.all(
        recipe.fragments[arch].map(async (name) =>
          fragment(await readFile(packagePath('kernels', 'config', `${name}.config`), 'utf8'), name),
        ),
      );
      verifyConfig(fragments, await readFile(built.config, 'utf8'));
    });
  }
});
