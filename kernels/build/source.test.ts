// SPDX-License-Identifier: GPL-2.0-only
/** Sources that are not Debian's: made of local files, in a cache of the test's own. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import type { BuiltSource } from './recipe-format.js';
import { prepareSource, rememberedSource, resolveSource } from './source.js';
import { git, hasGit, makeTree } from './tree.test-helper.js';

let directory = '';
let tree = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-source-'));
  vi.stubEnv('XDG_CACHE_HOME', join(directory, 'cache'));
  tree = makeTree(join(directory, 'linux'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const quiet = (): void => undefined;
async function prepare(source: BuiltSource): Promise<{ version: string; key: string; at: string }> {
  const resolved = await resolveSource(source, quiet);
  return { ...resolved, at: await prepareSource(source, resolved, quiet) };
}

describe.skipIf(!hasGit)('a source of kind git (needs git and xz)', () => {
  it('is exported from the commit, without what is not committed', async () => {
    const commit = git(tree, 'rev-parse', 'HEAD');
    writeFileSync(join(tree, 'Makefile'), 'changed');
    writeFileSync(join(tree, 'stray'), '');
    const { version, key, at } = await prepare({ kind: 'git', tree, ref: 'v7.3' });
    expect({ version, key }).toEqual({ version: `v7.3 ${commit.slice(0, 12)}`, key: `git_${commit}` });
    expect(readFileSync(join(at, 'Makefile'), 'utf8')).toBe('VERSION = 7\n');
    expect(existsSync(join(at, 'stray'))).toBe(false);
  });
  it('without a ref is HEAD, of a clean tree only', async () => {
    const source: BuiltSource = { kind: 'git', tree };
    expect((await resolveSource(source, quiet)).key).toBe(`git_${git(tree, 'rev-parse', 'HEAD')}`);
    writeFileSync(join(tree, 'Makefile'), 'changed');
    await expect(resolveSource(source, quiet)).rejects.toThrow(
      `${tree}: expected no uncommitted changes (M Makefile); commit them, or name a ref`,
    );
  });
  it('is the same kernel from wherever the commit came, by URL too', async () => {
    const far: BuiltSource = { kind: 'git', tree: `file://${tree}`, ref: 'v7.3' };
    expect(await rememberedSource(far)).toBeUndefined();
    const { identity, key } = await resolveSource(far, quiet);
    expect({ identity, key }).toMatchObject(
      await resolveSource({ kind: 'git', tree, ref: 'HEAD' }, quiet).then((r) => ({
        identity: r.identity,
        key: r.key,
      })),
    );
    const { at } = await prepare(far);
    expect(readFileSync(join(at, 'virt/a.c'), 'utf8')).toContain('one\n');
    git(tree, 'commit', '--allow-empty', '-q', '-m', 'next');
    git(tree, 'tag', '-f', 'v7.3');
    expect((await rememberedSource(far))?.key).toBe(key); // no network, no surprise
    expect((await resolveSource(far, quiet)).key).not.toBe(key);
  });
  it.each([
    ['a ref that does not exist', { ref: 'v9' }, /expected git .* to succeed: .*/s],
    ['no tree', { tree: '/no/such' }, /^\/no\/such: expected a git tree/],
  ])('refuses %s', async (_what, change, message) => {
    const failure = await resolveSource({ kind: 'git', tree, ...change }, quiet).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(TargetError);
    expect((failure as Error).message).toMatch(message);
  });
  it('says which package brings git', async () => {
    vi.stubEnv('PATH', '');
    await expect(resolveSource({ kind: 'git', tree }, quiet)).rejects.toThrow(
      'not found; run: apt install git',
    );
  });
});

describe.skipIf(!hasGit)('a source of kind tarball (needs git and xz)', () => {
  let path = '';
  let sha256 = '';
  beforeEach(() => {
    path = join(directory, 'linux.tar.xz');
    execFileSync('tar', ['-cJf', path, '-C', directory, '--exclude=.git', 'linux']);
    sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  });
  it('is its contents, unpacked without the directory at its top', async () => {
    const { key, at } = await prepare({ kind: 'tarball', path, sha256 });
    expect(key).toBe(`tarball_${sha256.slice(0, 40)}`);
    expect(readFileSync(join(at, 'virt/a.c'), 'utf8')).toContain('one\n');
  });
  it('must be the one that the recipe means', async () => {
    const other = 'f'.repeat(64);
    await expect(prepare({ kind: 'tarball', path, sha256: other })).rejects.toThrow(
      `expected a tarball with SHA-256 ${other}, got ${sha256}`,
    );
  });
  it('must exist, and be a kernel', async () => {
    await expect(prepare({ kind: 'tarball', path: '/no/such' })).rejects.toThrow(
      /^\/no\/such: expected a source tarball/,
    );
    mkdirSync(join(directory, 'other'));
    execFileSync('tar', ['-cf', path, '-C', directory, 'other']);
    await expect(prepare({ kind: 'tarball', path })).rejects.toThrow(/to have a Makefile, found none/);
  });
});
