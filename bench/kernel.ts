// SPDX-License-Identifier: GPL-2.0-only
import { TargetError } from '../harness/target/executor.js';
import { findBuiltKernel } from '../kernels/build/kernel.js';
import { findRecipe } from '../kernels/build/recipe.js';
import type { BenchContext } from './benchmark.js';

/** The recipe whose kernel is used when none is given. */
export const RECIPE = 'mainline-7.3';

/** The image to boot; nothing is built, because a build would be part of nobody's figures. */
export async function kernelImage({ arch, kernel }: BenchContext): Promise<string> {
  if (kernel !== undefined) return kernel;
  const recipe = findRecipe(RECIPE);
  const built = recipe && (await findBuiltKernel(recipe, arch));
  if (built) return built.image;
  throw new TargetError(
    `no ${RECIPE} kernel is built for ${arch}; run: gmemcheck kernel build ${RECIPE} --arch ${arch} (or give --kernel PATH)`,
  );
}
