// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { cacheDir } from './cache.js';
import type { OnProgress } from './progress.js';
import type { GitSource } from './recipe-format.js';
import { runTool } from './run-tool.js';
import type { Resolved } from './source.js';

const WHY = 'a source of kind git';
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

function git(args: readonly string[]): Promise<string> {
  return runTool('git', args, WHY);
}

/** A commit is what it is, whichever tree it was fetched from. */
function resolved({ ref }: GitSource, commit: string): Resolved {
  const named = ref === undefined || COMMIT.test(ref) ? '' : `${ref} `;
  return {
    version: `${named}${commit.slice(0, 12)}`,
    identity: { source: { kind: 'git' }, version: commit },
    key: `git_${commit}`,
  };
}

/**
 * The commit that a ref names in a local tree. Only commits are built: without a ref the tree must be clean,
 * with one its uncommitted changes are no part of the kernel.
 */
async function localCommit({ tree, ref }: GitSource): Promise<string> {
  if (!existsSync(tree)) throw new TargetError(`${tree}: expected a git tree, found nothing`);
  if (ref === undefined) {
    const changes = await git(['-C', tree, 'status', '--porcelain', '--untracked-files=no']);
    if (changes !== '')
      throw new TargetError(
        `${tree}: expected no uncommitted changes (${changes.split('\n')[0]?.trim() ?? ''}); commit them, or name a ref`,
      );
  }
  const commit = await git([
    '-C',
    tree,
    'rev-parse',
    '--verify',
    '--end-of-options',
    `${ref ?? 'HEAD'}^{commit}`,
  ]);
  return commit.trim();
}

/** Where commits of a remote tree are kept. */
function store(source: GitSource): string {
  return cacheDir('git', createHash('sha256').update(source.tree).digest('hex').slice(0, 16));
}

function rememberedFile(source: GitSource): string {
  const key = createHash('sha256')
    .update(JSON.stringify([source.tree, source.ref ?? 'HEAD']))
    .digest('hex');
  return cacheDir('sources', `git_${key.slice(0, 16)}.json`);
}

/** Without network: a local tree is asked again, a remote one is what it was. */
export async function rememberedGit(source: GitSource): Promise<Resolved | undefined> {
  if (isAbsolute(source.tree)) return resolved(source, await localCommit(source));
  try {
    const { commit } = JSON.parse(await readFile(rememberedFile(source), 'utf8')) as { commit?: unknown };
    return typeof commit === 'string' ? resolved(source, commit) : undefined;
  } catch {
    return undefined;
  }
}

/** Find the commit; of a remote tree it is fetched, without its history, and remembered. */
export async function resolveGit(source: GitSource, onProgress: OnProgress): Promise<Resolved> {
  if (isAbsolute(source.tree)) return resolved(source, await localCommit(source));
  onProgress({ phase: `fetching ${source.ref ?? 'HEAD'} of ${source.tree}` });
  const at = store(source);
  if (!existsSync(join(at, 'HEAD'))) {
    await mkdir(at, { recursive: true });
    await git(['init', '--quiet', '--bare', at]);
  }
  await git([
    '-C',
    at,
    'fetch',
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--',
    source.tree,
    source.ref ?? 'HEAD',
  ]);
  const commit = (await git(['-C', at, 'rev-parse', '--verify', 'FETCH_HEAD^{commit}'])).trim();
  const file = rememberedFile(source);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ commit, resolved: new Date().toISOString() }) + '\n');
  return resolved(source, commit);
}

/** Export a commit's files. */
export async function unpackGit(
  source: GitSource,
  commit: string,
  tree: string,
  scratch: string,
): Promise<void> {
  const from = isAbsolute(source.tree) ? source.tree : store(source);
  const tar = join(scratch, 'tree.tar');
  await git(['-C', from, 'archive', '--format=tar', '-o', tar, commit]);
  await runTool('tar', ['-xf', tar, '-C', tree], WHY);
}
