// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TargetError } from '../../harness/target/executor.js';
import type { TarballSource } from './recipe-format.js';
import { runTool } from './run-tool.js';
import type { Resolved } from './source.js';

/** @returns SHA-256 of a file of any size, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** A tarball is its contents, wherever it is. @throws TargetError when it is not the one that the recipe means. */
export async function resolveTarball({ path, sha256 }: TarballSource): Promise<Resolved> {
  const hash = await hashFile(path).catch((cause: unknown) => {
    throw new TargetError(`${path}: expected a source tarball, cannot read it: ${String(cause)}`, 'fatal', {
      cause,
    });
  });
  if (sha256 !== undefined && hash !== sha256)
    throw new TargetError(`${path}: expected a tarball with SHA-256 ${sha256}, got ${hash}`);
  return {
    version: `${basename(path)} ${hash.slice(0, 12)}`,
    identity: { source: { kind: 'tarball' }, version: hash },
    key: `tarball_${hash.slice(0, 40)}`,
  };
}

/** Unpack without the one directory at the top; tar tells how it is compressed. */
export async function unpackTarball({ path }: TarballSource, tree: string): Promise<void> {
  const args = ['-xf', path, '-C', tree, '--strip-components=1', '--no-same-owner'];
  await runTool('tar', args, 'a source of kind tarball');
}
