// SPDX-License-Identifier: GPL-2.0-only
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { PrivateApt } from './apt.js';
import { cacheDir } from './cache.js';
import type { OnProgress } from './progress.js';
import type { DebianSource } from './recipe-format.js';
import { runTool } from './run-tool.js';
import type { Resolved } from './source.js';

const WHY = 'a source of kind debian';

function rememberedFile(source: DebianSource): string {
  return cacheDir('sources', `${source.package}_${source.suite}.json`);
}

function resolved(source: DebianSource, version: string): Resolved {
  return { version, identity: { source, version }, key: `${source.package}_${version}` };
}

/** The version that was last resolved, without network. @returns undefined when there is none. */
export async function rememberedDebian(source: DebianSource): Promise<Resolved | undefined> {
  try {
    const { version } = JSON.parse(await readFile(rememberedFile(source), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? resolved(source, version) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Ask the mirror for the version of a source package, and remember it.
 *
 * @throws TargetError when the mirror cannot be reached or has no such package.
 */
export async function resolveDebian(source: DebianSource, onProgress: OnProgress): Promise<Resolved> {
  onProgress({ phase: `looking up ${source.package} in ${source.suite}` });
  const apt = await PrivateApt.open(source.suite);
  await apt.update();
  const version = await apt.version(source.package);
  const file = rememberedFile(source);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version, resolved: new Date().toISOString() }) + '\n');
  return resolved(source, version);
}

/** Download the package and unpack the tarball in it into `tree`. */
export async function unpackDebian(
  source: DebianSource,
  version: string,
  tree: string,
  scratch: string,
): Promise<void> {
  const apt = await PrivateApt.open(source.suite);
  const deb = await apt.download(source.package, version, scratch);
  const contents = join(scratch, 'deb');
  await runTool('dpkg', ['-x', deb, contents], WHY);
  const directory = join(contents, 'usr', 'src');
  const tarball = (await readdir(directory)).find((file) => /\.tar\.\w+$/.test(file));
  if (tarball === undefined) throw new TargetError(`expected ${deb} to hold usr/src/*.tar.*, found none`);
  await runTool('tar', ['-xf', join(directory, tarball), '-C', tree, '--strip-components=1'], WHY);
}
