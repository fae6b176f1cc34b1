// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { PrivateApt } from './apt.js';
import { cacheDir } from './cache.js';
import { withLock } from './lock.js';
import type { OnProgress } from './progress.js';
import type { DebianSource } from './recipe.js';

function rememberedFile(source: DebianSource): string {
  return cacheDir('sources', `${source.package}_${source.suite}.json`);
}

/** The version that was last resolved, without network. @returns undefined when there is none. */
export async function rememberedVersion(source: DebianSource): Promise<string | undefined> {
  try {
    const { version } = JSON.parse(await readFile(rememberedFile(source), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ask the mirror for the version of a source package, and remember it.
 *
 * @throws TargetError when the mirror cannot be reached or has no such package.
 */
export async function resolveVersion(source: DebianSource, onProgress: OnProgress): Promise<string> {
  onProgress({ phase: `looking up ${source.package} in ${source.suite}` });
  const apt = await PrivateApt.open(source.suite);
  await apt.update();
  const version = await apt.version(source.package);
  const file = rememberedFile(source);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version, resolved: new Date().toISOString() }) + '\n');
  return version;
}

async function run(command: string, args: string[]): Promise<void> {
  const { exitCode, stderr, shortMessage } = await execa(command, args, { reject: false, stdin: 'ignore' });
  if (exitCode === 0) return;
  throw new TargetError(`expected ${command} ${args[0] ?? ''} to succeed: ${stderr || (shortMessage ?? '')}`);
}

async function fetchAndUnpack(source: DebianSource, version: string, tree: string, onProgress: OnProgress) {
  await mkdir(dirname(tree), { recursive: true });
  const scratch = await mkdtemp(`${tree}.`);
  try {
    onProgress({ phase: `fetching ${source.package} ${version}` });
    const apt = await PrivateApt.open(source.suite);
    const deb = await apt.download(source.package, version, scratch);
    onProgress({ phase: `unpacking ${source.package} ${version}` });
    const contents = join(scratch, 'deb');
    await run('dpkg', ['-x', deb, contents]);
    const directory = join(contents, 'usr', 'src');
    const tarball = (await readdir(directory)).find((file) => /\.tar\.\w+$/.test(file));
    if (tarball === undefined) throw new TargetError(`expected ${deb} to hold usr/src/*.tar.*, found none`);
    const unpacked = join(scratch, 'tree');
    await mkdir(unpacked);
    await run('tar', ['-xf', join(directory, tarball), '-C', unpacked, '--strip-components=1']);
    await rename(unpacked, tree);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The unpacked source tree of a package, shared by the builds of all architectures (they build outside it).
 *
 * @returns its directory below the cache, which may be deleted when nothing builds.
 * @throws TargetError when it cannot be fetched or unpacked.
 */
export async function prepareSource(
  source: DebianSource,
  version: string,
  onProgress: OnProgress,
): Promise<string> {
  const key = `${source.package}_${version}`;
  const tree = cacheDir('sources', key);
  const wait = (): void => onProgress({ phase: 'waiting for another process that unpacks the same source' });
  await withLock(key, wait, async () => {
    if (!existsSync(tree)) await fetchAndUnpack(source, version, tree, onProgress);
  });
  return tree;
}
