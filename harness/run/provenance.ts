// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';

/** Which suites a run used. */
export interface SuitesFacts {
  /** sha256 over names and contents of all suite files. */
  sha256: string;
  /** Commit of the checkout they are in; absent outside of one. */
  revision?: string;
  /** They differ from that commit. */
  dirty?: boolean;
}

/** sha256 of a file, hexadecimal. @throws Error when it cannot be read. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * sha256 over a directory's files: names relative to it and contents, in sorted order, whatever the order
 * of readdir. The journal's `suitesHash`.
 * @param matches which names count; by default YAML files and the schema beside them.
 */
export async function hashTree(
  directory: string,
  matches: (name: string) => boolean = (name) => /\.(ya?ml|json)$/.test(name),
): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && matches(entry.name))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) {
    const content = await readFile(join(directory, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Hash and git revision of the suites in a directory. Without git or outside a checkout, the hash alone. */
export async function suitesFacts(directory: string): Promise<SuitesFacts> {
  const sha256 = await hashTree(directory);
  const revision = await git(directory, 'rev-parse', 'HEAD');
  if (revision === undefined) return { sha256 };
  const changes = await git(directory, 'status', '--porcelain', '--', '.');
  return { sha256, revision, ...(changes !== undefined && { dirty: changes !== '' }) };
}

async function git(directory: string, ...args: string[]): Promise<string | undefined> {
  // No optional locks: a run must not get in the way of a git command of the user.
  const options = { reject: false, timeout: 10_000, env: { GIT_OPTIONAL_LOCKS: '0' } } as const;
  const result = await execa('git', ['-C', directory, ...args], options);
  return result.failed ? undefined : result.stdout.trim();
}
