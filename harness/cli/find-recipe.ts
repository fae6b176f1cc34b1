// SPDX-License-Identifier: GPL-2.0-only
import { archesOf, findRecipe, loadRecipes, readRecipe } from '../../kernels/build/recipe.js';
import type { Recipe } from '../../kernels/build/recipe.js';
import type { Arch } from '../uapi/arch.js';
import { UsageError } from './exit.js';

const QEMU = 'qemu:';

/** Whether a word is a path of a recipe file rather than a name. */
export function isRecipeFile(word: string): boolean {
  return word.endsWith('.yaml') || word.endsWith('.yml');
}

/**
 * @param name of a recipe, or a path of a recipe file.
 * @throws UsageError naming the recipes that there are; CaseError for a file that is not valid.
 */
export function recipeNamed(name: string): Recipe {
  if (isRecipeFile(name)) return readRecipe(name);
  const recipe = findRecipe(name);
  if (recipe) return recipe;
  const known = loadRecipes().map((each) => each.name);
  throw new UsageError(`expected the name of a kernel (${known.join(', ')}), got '${name}'`);
}

/** What names a recipe on a command line. */
export function wordFor({ name, file = '' }: Recipe): string {
  return findRecipe(name)?.file === file ? name : file;
}

/** The recipe of `qemu:RECIPE`, undefined for other targets. @throws UsageError for an unknown recipe. */
export function recipeOfTarget(target: string): Recipe | undefined {
  return target.startsWith(QEMU) ? recipeNamed(target.slice(QEMU.length)) : undefined;
}

/** @throws UsageError when a recipe is not for an architecture. */
export function requireArch(recipe: Recipe, arch: Arch): void {
  const arches = archesOf(recipe);
  if (!arches.includes(arch))
    throw new UsageError(`${recipe.name} is for ${arches.join(' and ')} only, got --arch ${arch}`);
}
