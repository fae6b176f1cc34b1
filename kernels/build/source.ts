// SPDX-License-Identifier: GPL-2.0-only
/** Source trees of all kinds, unpacked once into the cache and then only read. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { cacheDir } from './cache.js';
import { withLock } from './lock.js';
import type { OnProgress } from './progress.js';
import type { BuiltSource } from './recipe-format.js';
import { rememberedDebian, resolveDebian, unpackDebian } from './source-debian.js';
import { rememberedGit, resolveGit, unpackGit } from './source-git.js';
import { resolveTarball, unpackTarball } from './source-tarball.js';

/** A source of which is known what it is. */
export interface Resolved {
  /** For people: a package version, a tag and a commit. */
  version: string;
  /** What the hash of a kernel is made of. */
  identity: { source: object; version: string };
  /** Name of its directory in the cache. */
  key: string;
}

/** What a source is, without network. @returns undefined when that was never found out. */
export function rememberedSource(source: BuiltSource): Promise<Resolved | undefined> {
  if (source.kind === 'debian') return rememberedDebian(source);
  return source.kind === 'git' ? rememberedGit(source) : resolveTarball(source);
}

/**
 * Find out what a source is, asking whoever has it, and remember it.
 *
 * @throws TargetError when it cannot be reached, or does not exist.
 */
export function resolveSource(source: BuiltSource, onProgress: OnProgress): Promise<Resolved> {
  if (source.kind === 'debian') return resolveDebian(source, onProgress);
  return source.kind === 'git' ? resolveGit(source, onProgress) : resolveTarball(source);
}

/** Put the source tree into `tree`, an empty directory. `scratch` is another. */
function unpack(source: BuiltSource, resolved: Resolved, tree: string, scratch: string): Promise<void> {
  if (source.kind === 'debian') return unpackDebian(source, resolved.version, tree, scratch);
  return source.kind === 'git'
    ? unpackGit(source, resolved.identity.version, tree, scratch)
    : unpackTarball(source, tree);
}

/**
 * The unpacked source tree, shared by the builds of all architectures (they build beside it).
 *
 * @returns its directory below the cache, which may be deleted when nothing builds.
 * @throws TargetError when it cannot be fetched or unpacked, or is no kernel's.
 */
export async function prepareSource(
  source: BuiltSource,
  resolved: Resolved,
  onProgress: OnProgress,
): Promise<string> {
  const tree = cacheDir('sources', resolved.key);
  const wait = (): void => onProgress({ phase: 'waiting for another process that unpacks the same source' });
  // Names of locks are short.
  await withLock(resolved.key.slice(0, 72), wait, async () => {
    if (existsSync(tree)) return;
    await mkdir(dirname(tree), { recursive: true });
    const scratch = await mkdtemp(`${tree}.`);
    const unpacked = join(scratch, 'tree');
    try {
      await mkdir(unpacked);
      onProgress({ phase: `fetching and unpacking ${resolved.version}` });
      await unpack(source, resolved, unpacked, scratch);
      for (const file of ['Makefile', 'Kconfig']) {
        if (!existsSync(join(unpacked, file)))
          throw new TargetError(`expected the source tree ${resolved.version} to have a ${file}, found none`);
      }
      await rename(unpacked, tree);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
  return tree;
}
