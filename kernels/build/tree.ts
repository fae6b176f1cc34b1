// SPDX-License-Identifier: GPL-2.0-only
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { applyPatches, patchHashes, touchedFiles } from './patches.js';
import type { Patch } from './patches.js';
import type { OnProgress } from './progress.js';

/** Objects of a kernel are in a directory of this name in its source tree, see {@link ./compile.ts}. */
export const BUILD_PREFIX = 'gmemcheck-build-';

/** What a patched tree was made of; kept beside it, and absent while the tree is neither the old nor the new. */
interface TreeRecord {
  /** The pristine source. */
  source: string;
  patches: string[];
  /** Every file that differs from the pristine source, or may. */
  touched: string[];
}

async function readTreeRecord(file: string): Promise<TreeRecord | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as TreeRecord;
  } catch {
    return undefined;
  }
}

/** Copy a source tree without the objects that were built in it. */
async function copyTree(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(dirname(to), { recursive: true });
  const scratch = await mkdtemp(`${to}.`);
  const entries = (await readdir(from)).filter((name) => !name.startsWith(BUILD_PREFIX));
  // Hard links would be faster, and one tool that writes in place would change both trees.
  const args = ['-a', '--reflink=auto', '-t', scratch, '--', ...entries.map((name) => join(from, name))];
  const { exitCode, stderr } = await execa('cp', args, { reject: false, stdin: 'ignore' });
  if (exitCode === 0) return rename(scratch, to);
  await rm(scratch, { recursive: true, force: true });
  throw new TargetError(`expected to copy ${from} to ${to}: ${stderr}`);
}

async function contents(path: string): Promise<{ bytes: Buffer; mode: number } | undefined> {
  try {
    return { bytes: await readFile(path), mode: (await stat(path)).mode };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Make one file equal to another, or absent; a file that is equal already keeps its time, on which make relies. */
async function become(path: string, wanted: string): Promise<void> {
  const [now, then] = await Promise.all([contents(path), contents(wanted)]);
  if (!then) return rm(path, { force: true });
  if (now?.mode === then.mode && now.bytes.equals(then.bytes)) return;
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  await writeFile(path, then.bytes, { mode: then.mode });
}

/**
 * A copy of a source tree with patches applied. When only patches changed since the last call, only the files
 * that come out differently are written, so that objects built in the tree stay valid for make. The caller
 * holds a lock on the tree, and keeps it while it builds.
 *
 * @param pristine directory of the source; only read.
 * @param source names it in messages, and tells one source from another.
 * @param tree directory of the copy; made, updated, or made anew.
 * @throws TargetError when a patch does not apply; the tree then is what it was.
 */
export async function patchedTree(
  pristine: string,
  source: string,
  patches: readonly Patch[],
  tree: string,
  onProgress: OnProgress,
): Promise<void> {
  const file = `${tree}.json`;
  const before = await readTreeRecord(file);
  const usable = before?.source === source && existsSync(tree) ? before : undefined;
  const hashes = patchHashes(patches);
  if (usable && JSON.stringify(usable.patches) === JSON.stringify(hashes)) return;
  onProgress({ phase: `applying ${patches.length} patches` });
  const touched = [...new Set(patches.flatMap(touchedFiles))].sort();
  await mkdir(dirname(tree), { recursive: true });
  const scratch = await mkdtemp(`${tree}.patch-`);
  try {
    for (const path of touched) {
      const original = join(pristine, path);
      if (!existsSync(original)) continue;
      await mkdir(dirname(join(scratch, path)), { recursive: true });
      await copyFile(original, join(scratch, path));
    }
    await applyPatches(scratch, patches, source);
    await rm(file, { force: true });
    if (!usable) {
      onProgress({ phase: 'copying the source' });
      await copyTree(pristine, tree);
    }
    for (const path of touched) await become(join(tree, path), join(scratch, path));
    for (const path of usable?.touched ?? [])
      if (!touched.includes(path)) await become(join(tree, path), join(pristine, path));
    const record: TreeRecord = { source, patches: hashes, touched };
    await writeFile(file, JSON.stringify(record) + '\n');
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
