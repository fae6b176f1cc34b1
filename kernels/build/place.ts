// SPDX-License-Identifier: GPL-2.0-only
/** What a kernel that we build is made of, and where that puts it in the cache. */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { readBuild } from './built.js';
import type { BuiltKernel } from './built.js';
import { cacheDir } from './cache.js';
import type { NamedText } from './compile.js';
import { loadMachine } from './machine.js';
import type { GuestArch, Machine } from './machine.js';
import { patchHashes } from './patches.js';
import type { Patch } from './patches.js';
import type { Recipe } from './recipe-format.js';
import { patchesOf } from './series.js';
import type { Resolved } from './source.js';
import { toolVersions } from './tools.js';

function sha256(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}

function readFragments(recipe: Recipe, arch: GuestArch): Promise<NamedText[]> {
  return Promise.all(
    (recipe.fragments?.[arch] ?? []).map(async (file) => ({
      name: basename(file, '.config'),
      text: await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new TargetError(`${file}: expected a config fragment: ${String(cause)}`, 'fatal', { cause });
      }),
    })),
  );
}

/** Hash of what a kernel is made from, but for the tools. */
function inputHash(
  { source, version }: Resolved['identity'],
  machine: Machine,
  fragments: NamedText[],
  series: readonly Patch[],
): string {
  const patches = patchHashes(series);
  const { arch, target, image } = machine.kernel;
  return sha256(JSON.stringify({ format: 1, arch, target, image, source, patches, fragments, version }));
}

/** Where a kernel made from known inputs by known tools is cached. */
export interface Place {
  /** Beginning of the directory's name, whichever the tools. */
  prefix: string;
  hash: string;
  directory: string;
  tools: string[] | undefined;
  fragments: NamedText[];
  patches: Patch[];
  machine: Machine;
}

/** The patched tree of a recipe; two recipes of the same name in different places have two. */
export function treeOf({ name, file, shipped }: Recipe): string {
  return cacheDir('trees', shipped === true ? name : `${name}-${sha256(file ?? '').slice(0, 8)}`);
}

/** @throws TargetError when a fragment or a patch cannot be read. */
export async function placeOf(recipe: Recipe, arch: GuestArch, resolved: Resolved): Promise<Place> {
  const machine = loadMachine(arch);
  const [fragments, patches, tools] = await Promise.all([
    readFragments(recipe, arch),
    patchesOf(recipe),
    toolVersions(machine),
  ]);
  const inputs = inputHash(resolved.identity, machine, fragments, patches).slice(0, 24);
  const hash = `${inputs}-${sha256(JSON.stringify(tools ?? [])).slice(0, 8)}`;
  const prefix = `${recipe.name}-${arch}-`;
  return {
    prefix: `${prefix}${inputs}-`,
    hash,
    directory: cacheDir('kernels', `${prefix}${hash}`),
    tools,
    fragments,
    patches,
    machine,
  };
}

/** A kernel that was built by other tools will do on a machine that has none of its own. */
export async function findAt(place: Place): Promise<BuiltKernel | undefined> {
  if (place.tools) return readBuild(place.directory);
  const names = await readdir(cacheDir('kernels')).catch((): string[] => []);
  const [name] = names.filter((candidate) => candidate.startsWith(place.prefix)).sort();
  return name === undefined ? undefined : readBuild(cacheDir('kernels', name));
}
