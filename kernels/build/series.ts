// SPDX-License-Identifier: GPL-2.0-only
/** Patches that somebody posted, from wherever they are. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { cacheDir } from './cache.js';
import { readMbox } from './mbox.js';
import { readPatches } from './patches.js';
import type { Patch } from './patches.js';
import type { OnProgress } from './progress.js';
import type { Recipe, Series } from './recipe-format.js';
import { runTool } from './run-tool.js';

/** A quilt series file: a name per line, options after it, comments. */
function parseQuilt(text: string, file: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [name, ...options] = line
      .replace(/(?:^|\s)#.*/, '')
      .trim()
      .split(/\s+/);
    if (name === undefined || name === '') return [];
    if (options.some((option) => option !== '-p1'))
      throw new TargetError(`${file}: expected patches for -p1, got '${line.trim()}'`);
    return [name];
  });
}

async function readDirectory(directory: string): Promise<Patch[]> {
  const entries = await readdir(directory).catch((cause: unknown) => {
    throw new TargetError(`${directory}: expected a directory of patches: ${String(cause)}`, 'fatal', {
      cause,
    });
  });
  const quilt = join(directory, 'series');
  const names = entries.includes('series')
    ? parseQuilt(await readFile(quilt, 'utf8'), quilt)
    : // A cover letter of git format-patch is no patch.
      entries.filter((name) => /\.(?:patch|diff)$/.test(name) && !/^(?:v\d+-)?0000-/.test(name)).sort();
  if (names.length === 0)
    throw new TargetError(`${directory}: expected a file series or *.patch, found neither`);
  return readPatches(names.map((name) => join(directory, name)));
}

/** The commits of a range that are no merges, oldest first. */
async function readRange(tree: string, range: string): Promise<Patch[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'gmemcheck-range-'));
  try {
    // Whatever the user has configured for format-patch and diff.
    const form = [
      '--src-prefix=a/',
      '--dst-prefix=b/',
      '--no-renames',
      '--full-index',
      '--no-signature',
      '--no-cover-letter',
    ];
    const args = ['-C', tree, 'format-patch', '--quiet', '-o', scratch, ...form, '--end-of-options', range];
    await runTool('git', args, 'a series of commits');
    if ((await readdir(scratch)).length === 0)
      throw new TargetError(`${tree}: expected commits in ${range}, found none`);
    const patches = await readDirectory(scratch);
    // The signature of git's version is not there; the file names are only those of the scratch directory.
    return patches.map(({ name, text }) => ({ name: `${range}: ${name.slice(scratch.length + 1)}`, text }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function mailboxOf(id: string): string {
  return cacheDir('series', `${createHash('sha256').update(id).digest('hex').slice(0, 32)}.mbx`);
}

/** Fetch a posting with b4, which knows how to find its latest form and its parts. */
async function fetchMails(id: string, onProgress: OnProgress): Promise<void> {
  onProgress({ phase: `fetching ${id}` });
  const mailbox = mailboxOf(id);
  await mkdir(dirname(mailbox), { recursive: true });
  const scratch = await mkdtemp(`${mailbox}.`);
  try {
    const args = ['am', '--no-cover', '--outdir', scratch, '--mbox-name', 'series', '--', id];
    await runTool('b4', args, `the series ${id} (which is fetched from the network)`);
    const [name] = (await readdir(scratch)).filter((each) => /\.mbo?x$/.test(each)).sort();
    if (name === undefined) throw new TargetError(`expected b4 am to write the mails of ${id}, found none`);
    await rename(join(scratch, name), mailbox);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readSeries(series: Series): Promise<Patch[]> {
  if ('mbox' in series) return readMbox(series.mbox);
  if ('directory' in series) return readDirectory(series.directory);
  return 'git' in series
    ? readRange(series.git.tree, series.git.range)
    : readMbox(mailboxOf(series['message-id']));
}

/** Whether everything that a recipe applies is on this machine. */
export function seriesIsHere({ series }: Recipe): boolean {
  return series === undefined || !('message-id' in series) || existsSync(mailboxOf(series['message-id']));
}

/**
 * Fetch what is not on this machine.
 *
 * @param refresh again, even if it is.
 * @throws TargetError when b4 is not installed, or does not get it.
 */
export async function fetchSeries(recipe: Recipe, refresh: boolean, onProgress: OnProgress): Promise<void> {
  const { series } = recipe;
  if (series === undefined || !('message-id' in series) || (!refresh && seriesIsHere(recipe))) return;
  await fetchMails(series['message-id'], onProgress);
}

/**
 * Everything that a recipe applies to its source: its patches, its series, and what fixes that.
 *
 * @throws TargetError when something cannot be read.
 */
export async function patchesOf(recipe: Recipe): Promise<Patch[]> {
  const { patches = [], series, fixups = [] } = recipe;
  return [
    ...(await readPatches(patches)),
    ...(series === undefined ? [] : await readSeries(series)),
    ...(await readPatches(fixups)),
  ];
}
