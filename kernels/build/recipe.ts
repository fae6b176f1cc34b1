// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { CaseError } from '../../harness/suite/case-error.js';
import { readSource } from '../../harness/suite/source.js';
import { GUEST_ARCHES } from './machine.js';
import type { GuestArch } from './machine.js';
import type { Recipe, Series, Source } from './recipe-format.js';
import { recipeSchema } from './recipe-schema.js';
import { readRecord } from './record.js';
import { packagePath } from './root.js';

export type { BootSettings, Dialect, Recipe, Series, Source } from './recipe-format.js';

const SHIPPED = packagePath('kernels', 'recipes');
/** A directory of recipes of the user's own. */
export const RECIPES_VARIABLE = 'GMEMCHECK_RECIPES';

/** @returns the architectures that a recipe is for. */
export function archesOf({ source, fragments = {} }: Pick<Recipe, 'source' | 'fragments'>): GuestArch[] {
  const has: Partial<Record<GuestArch, unknown>> =
    source.kind === 'image' ? source.images : source.kind === 'distro' ? source.packages : fragments;
  return GUEST_ARCHES.filter((arch) => has[arch] !== undefined);
}

/** The first thing that the schema cannot say and that is wrong: where, and what. */
function problemOf(recipe: Recipe): [string, string] | undefined {
  const { dialects = {}, defaultDialect, source, series, fragments } = recipe;
  const known = Object.keys(dialects);
  if (defaultDialect !== undefined && !known.includes(defaultDialect))
    return ['defaultDialect', `expected one of the dialects (${known.join(', ')}), got '${defaultDialect}'`];
  if (known.length > 0 && defaultDialect === undefined)
    return ['dialects', 'expected a defaultDialect beside dialects'];
  const built = source.kind !== 'image' && source.kind !== 'distro';
  if (built && fragments === undefined)
    return [
      'source',
      `expected fragments: a kernel from a source of kind ${source.kind} is configured and built`,
    ];
  const beside = { series, fragments, patches: recipe.patches, fixups: recipe.fixups };
  const useless = Object.entries(beside).find(([, value]) => value !== undefined)?.[0];
  if (!built && useless !== undefined)
    return [useless, `expected no ${useless}: a kernel of kind ${source.kind} is not built`];
  if (recipe.fixups !== undefined && series === undefined)
    return ['fixups', 'expected a series that they fix; other patches are called patches'];
  return undefined;
}

/** Resolve a path as a recipe means it: relative to the recipe's own directory, `~/` to the user's. */
function fromRecipe(file: string, path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(dirname(file), path);
}

/** A URL, or what ssh takes: `host:path`. */
function isRemote(tree: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//.test(tree) || /^[^/]+:/.test(tree);
}

function absoluteSource(source: Source, absolute: (path: string) => string): Source {
  if (source.kind === 'git')
    return { ...source, tree: isRemote(source.tree) ? source.tree : absolute(source.tree) };
  if (source.kind === 'tarball') return { ...source, path: absolute(source.path) };
  if (source.kind !== 'image') return source;
  const images = Object.entries(source.images).map(([arch, { image, config, modules }]) => [
    arch,
    {
      image: absolute(image),
      ...(config === undefined ? {} : { config: absolute(config) }),
      ...(modules === undefined ? {} : { modules: absolute(modules) }),
    },
  ]);
  return { ...source, images: Object.fromEntries(images) as typeof source.images };
}

function absoluteSeries(series: Series, absolute: (path: string) => string): Series {
  if ('mbox' in series) return { mbox: absolute(series.mbox) };
  if ('directory' in series) return { directory: absolute(series.directory) };
  if ('git' in series) return { git: { ...series.git, tree: absolute(series.git.tree) } };
  return series;
}

/** Read one recipe. @throws CaseError when it is not valid. */
export function readRecipe(path: string, shown = path): Recipe {
  const file = existsSync(path) ? realpathSync(path) : path;
  const recipe = readRecord(file, recipeSchema, shown);
  const problem = problemOf(recipe);
  if (problem) throw new CaseError(readSource(file, shown).place([problem[0]]), problem[1]);
  const shipped = dirname(file) === realpathSync(SHIPPED);
  const absolute = (each: string): string => fromRecipe(file, each);
  const patch = (each: string): string =>
    shipped ? packagePath('kernels', 'patches', each) : absolute(each);
  const fragment = (each: string): string =>
    each.endsWith('.config') ? absolute(each) : packagePath('kernels', 'config', `${each}.config`);
  const { fragments, series } = recipe;
  return {
    ...recipe,
    file,
    shipped,
    source: absoluteSource(recipe.source, absolute),
    ...(recipe.patches && { patches: recipe.patches.map(patch) }),
    ...(recipe.fixups && { fixups: recipe.fixups.map(patch) }),
    ...(series && { series: absoluteSeries(series, absolute) }),
    ...(fragments && {
      fragments: Object.fromEntries(
        Object.entries(fragments).map(([arch, names]) => [arch, names.map(fragment)]),
      ),
    }),
  };
}

/** The recipes of one directory, sorted by file name. @throws CaseError when one is not valid. */
export function loadRecipesFrom(directory: string, shown = directory): Recipe[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => readRecipe(join(directory, file), join(shown, file)));
}

/**
 * Every recipe: those that are shipped, and those of `$GMEMCHECK_RECIPES`.
 *
 * @throws CaseError when one is not valid, or two have the same name.
 */
export function loadRecipes(): Recipe[] {
  const own = process.env[RECIPES_VARIABLE] ?? '';
  const recipes = [
    ...loadRecipesFrom(SHIPPED, 'kernels/recipes'),
    ...(own === '' ? [] : loadRecipesFrom(resolve(own))),
  ];
  const byName = new Map<string, Recipe>();
  for (const recipe of recipes) {
    const other = byName.get(recipe.name);
    if (other) {
      const place = readSource(recipe.file ?? '').place(['name']);
      throw new CaseError(place, `expected another name: ${other.file ?? ''} is called '${recipe.name}' too`);
    }
    byName.set(recipe.name, recipe);
  }
  return recipes;
}

/** @returns the recipe of that name, or undefined when there is none. */
export function findRecipe(wanted: string): Recipe | undefined {
  return loadRecipes().find((recipe) => recipe.name === wanted);
}
