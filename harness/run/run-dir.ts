// SPDX-License-Identifier: GPL-2.0-only
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rename, stat, symlink, unlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

/** The directory of one run and the files in it. A resumed run adds to journal and console, and reports anew. */
export interface RunDir {
  /** Absolute. */
  path: string;
  journal: string;
  /** What the programs did (trace-log.ts). */
  traces: string;
  tap: string;
  ktap: string;
  console: string;
  environment: string;
}

export interface RunDirOptions {
  /** Directory of all runs, e.g. `results/runs`; made when absent. */
  root: string;
  target: string;
  arch: string;
  /** Start of the run; now by default. */
  now?: Date;
}

/** Random suffixes to try before giving up; two runs in one second with one suffix are 1 in 16 million. */
const ATTEMPTS = 5;

/**
 * Make `ROOT/<UTC timestamp>-<target>-<arch>-<short id>/` (0755) and point `ROOT/latest` to it. An existing
 * directory is never used.
 * @throws Error when ROOT cannot be written, or `latest` is something other than a symbolic link.
 */
export async function createRunDir(options: RunDirOptions): Promise<RunDir> {
  const { target, arch, now = new Date() } = options;
  const root = resolve(options.root);
  await mkdir(root, { recursive: true, mode: 0o755 });
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
  for (let attempt = 1; ; attempt += 1) {
    const name = [stamp, plainName(target), plainName(arch), randomBytes(3).toString('hex')].join('-');
    const path = join(root, name);
    try {
      await mkdir(path, { mode: 0o755 });
    } catch (error) {
      if (!hasCode(error, 'EEXIST') || attempt === ATTEMPTS) throw error;
      continue;
    }
    await pointLatest(root, name);
    return paths(path);
  }
}

/**
 * The files of an existing run, e.g. for `run --resume DIR`.
 * @throws Error when there is no such directory.
 */
export async function openRunDir(path: string): Promise<RunDir> {
  const absolute = resolve(path);
  const info = await stat(absolute).catch(() => undefined);
  if (!info?.isDirectory())
    throw new Error(`Expected the directory of a run, got ${path}: no such directory`);
  return paths(absolute);
}

/** A target as part of a file name: letters, digits, `.` and `_` kept, everything else one dash. */
export function plainName(target: string): string {
  const name = target.replace(/[^A-Za-z0-9._]+/g, '-').replace(/^[-.]+|-+$/g, '');
  return name.slice(0, 60) || 'target';
}

function paths(path: string): RunDir {
  return {
    path,
    journal: join(path, 'journal.ndjson'),
    traces: join(path, 'traces.ndjson'),
    tap: join(path, 'report.tap'),
    ktap: join(path, 'report.ktap'),
    console: join(path, 'console.log'),
    environment: join(path, 'environment.json'),
  };
}

/** Replace the link by rename(2), so that `latest` never misses, even when runs start at once. */
async function pointLatest(root: string, name: string): Promise<void> {
  const latest = join(root, 'latest');
  const old = await lstat(latest).catch(() => undefined);
  if (old && !old.isSymbolicLink()) {
    throw new Error(`Expected ${latest} to be a symbolic link, got a file or directory: move it away`);
  }
  const fresh = join(root, `.latest-${basename(name)}`);
  await symlink(name, fresh);
  try {
    await rename(fresh, latest);
  } catch (error) {
    await unlink(fresh);
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
