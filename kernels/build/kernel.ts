// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { BUILD_RECORD, BUILT_CONFIG } from './built.js';
import type { BuildRecord, BuiltKernel } from './built.js';
import { cacheDir } from './cache.js';
import { compileKernel } from './compile.js';
import { fetchDistro, findDistro } from './distro.js';
import { withLock } from './lock.js';
import { loadMachine } from './machine.js';
import type { GuestArch, Machine } from './machine.js';
import { findAt, placeOf, treeOf } from './place.js';
import type { Place } from './place.js';
import type { OnProgress } from './progress.js';
import { findImage, requireImage } from './prebuilt.js';
import { archesOf } from './recipe.js';
import type { BuiltSource, Recipe } from './recipe-format.js';
import { fetchSeries, seriesIsHere } from './series.js';
import { prepareSource, rememberedSource, resolveSource } from './source.js';
import type { Resolved } from './source.js';
import { requireTools } from './tools.js';
import { BUILD_PREFIX, patchedTree } from './tree.js';

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Look for a kernel that we build. @returns undefined when it, or what it is made from, is not here. */
async function findOurs(
  recipe: Recipe,
  source: BuiltSource,
  arch: GuestArch,
): Promise<BuiltKernel | undefined> {
  if (!seriesIsHere(recipe)) return undefined;
  const resolved = await rememberedSource(source);
  return resolved && findAt(await placeOf(recipe, arch, resolved));
}

/**
 * Look for a kernel on this machine only: no network, nothing is built.
 *
 * @returns undefined when it has not been built from this recipe, these fragments and patches, and the source
 * that was last resolved; also when what it is made from is not there, about which building it has more to say.
 */
export async function findBuiltKernel(recipe: Recipe, arch: GuestArch): Promise<BuiltKernel | undefined> {
  if (!archesOf(recipe).includes(arch)) return undefined;
  const { source } = recipe;
  try {
    if (source.kind === 'image') return await findImage(recipe, source, arch);
    if (source.kind === 'distro') return await findDistro(recipe, source, arch);
    return await findOurs(recipe, source, arch);
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}

/**
 * The source of a kernel with its patches, and the directory for its objects. That is a direct child of the
 * source, because make then uses relative paths: the same file in another tree is the same for ccache.
 */
async function prepareTree(
  place: Place,
  recipe: Recipe,
  source: BuiltSource,
  resolved: Resolved,
  onProgress: OnProgress,
): Promise<{ tree: string; output: string }> {
  const { arch } = place.machine;
  const pristine = await prepareSource(source, resolved, onProgress);
  if (place.patches.length === 0) {
    return { tree: pristine, output: join(pristine, `${BUILD_PREFIX}${basename(place.directory)}`) };
  }
  const tree = treeOf(recipe);
  await patchedTree(pristine, resolved.key, place.patches, tree, onProgress);
  return { tree, output: join(tree, `${BUILD_PREFIX}${arch}`) };
}

async function publish(
  place: Place,
  recipe: Recipe,
  source: BuiltSource,
  resolved: Resolved,
  onProgress: OnProgress,
): Promise<void> {
  const began = performance.now();
  const { tree, output } = await prepareTree(place, recipe, source, resolved, onProgress);
  const made = await compileKernel(place.machine, tree, output, place.fragments, onProgress);
  await mkdir(dirname(place.directory), { recursive: true });
  const scratch = await mkdtemp(`${cacheDir('kernels')}/.new-`);
  try {
    const image = basename(place.machine.kernel.image);
    await copyFile(made.image, join(scratch, image));
    await copyFile(made.config, join(scratch, BUILT_CONFIG));
    const record: BuildRecord = {
      name: recipe.name,
      arch: place.machine.arch,
      version: resolved.version,
      release: made.release,
      hash: place.hash,
      image,
      imageSha256: sha256(await readFile(join(scratch, image))),
      configSha256: sha256(await readFile(join(scratch, BUILT_CONFIG))),
      tools: place.tools ?? [],
      objects: made.objects,
      seconds: Math.round((performance.now() - began) / 1000),
    };
    await writeFile(join(scratch, BUILD_RECORD), JSON.stringify(record, undefined, 2) + '\n');
    await rm(place.directory, { recursive: true, force: true });
    await rename(scratch, place.directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  // Kept when a build fails: its log is named in the error, and make goes on where it stopped. Patched trees
  // change, and make then compiles what changed.
  if (place.patches.length === 0) await rm(output, { recursive: true, force: true });
}

/** What is asked of the network or of other directories before a kernel can be built. */
async function resolveAll(
  recipe: Recipe,
  source: BuiltSource,
  machine: Machine,
  { refresh, onProgress }: Required<BuildOptions>,
): Promise<Resolved> {
  const remembered = refresh ? undefined : await rememberedSource(source);
  if (remembered === undefined) requireTools(machine, recipe);
  await fetchSeries(recipe, refresh, onProgress);
  return remembered ?? resolveSource(source, onProgress);
}

async function buildOurs(
  recipe: Recipe,
  source: BuiltSource,
  arch: GuestArch,
  options: Required<BuildOptions>,
): Promise<BuiltKernel> {
  const { onProgress } = options;
  const resolved = await resolveAll(recipe, source, loadMachine(arch), options);
  const place = await placeOf(recipe, arch, resolved);
  const cached = await findAt(place);
  if (cached) return cached;
  requireTools(place.machine, recipe);
  const wait = (): void => onProgress({ phase: 'waiting for another process that builds the same kernel' });
  // A patched tree has one state at a time; kernels without patches only read their source.
  const lock = place.patches.length === 0 ? place.hash : `tree-${basename(treeOf(recipe))}`.slice(0, 80);
  return withLock(lock, wait, async () => {
    const meanwhile = await findAt(place);
    if (meanwhile) return meanwhile;
    await publish(place, recipe, source, resolved, onProgress);
    const built = await findAt(place);
    if (built) return { ...built, fromCache: false };
    throw new Error(`${place.directory}: a kernel was published and cannot be read`);
  });
}

export interface BuildOptions {
  /** Look for a newer version of the source even when one is remembered. */
  refresh?: boolean;
  onProgress?: OnProgress;
}

/**
 * Build a kernel, fetch it, or take it from the cache. Two processes that want the same kernel build it once.
 *
 * @throws TargetError when a tool, the network or the source is missing, a patch does not apply, or it does not
 * compile; ConfigError when the fragments do not fit; CaseError when a machine record is not valid.
 */
export async function buildKernel(
  recipe: Recipe,
  arch: GuestArch,
  { refresh = false, onProgress = () => undefined }: BuildOptions = {},
): Promise<BuiltKernel> {
  if (!archesOf(recipe).includes(arch))
    throw new TargetError(`${recipe.name} is for ${archesOf(recipe).join(' and ')} only, not for ${arch}`);
  const { source } = recipe;
  if (source.kind === 'image') return requireImage(recipe, source, arch);
  if (source.kind === 'distro') return fetchDistro(recipe, source, arch, refresh, onProgress);
  return buildOurs(recipe, source, arch, { refresh, onProgress });
}
