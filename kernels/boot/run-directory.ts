// SPDX-License-Identifier: GPL-2.0-only
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'gmemcheck-qemu-';
/** In a run directory: the process id of its QEMU. */
export const PID_FILE = 'qemu.pid';
/** A directory without a pid file may belong to a QEMU that is just being started. */
const STARTING_MS = 60_000;

/** Paths of Unix sockets may have 107 bytes; a long TMPDIR would use them up. */
function parentDirectory(): string {
  const directory = tmpdir();
  return directory.length <= 60 ? directory : '/tmp';
}

async function isLeftOver(directory: string): Promise<boolean> {
  const { uid, mtimeMs } = await stat(directory);
  if (uid !== process.getuid?.()) return false;
  const pid = Number(await readFile(join(directory, PID_FILE), 'utf8').catch(() => 'NaN'));
  if (!Number.isSafeInteger(pid)) return Date.now() - mtimeMs > STARTING_MS;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** Remove the directories of guests whose harness was killed before it could. */
async function sweep(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const directory = join(parent, name);
    if (!name.startsWith(PREFIX)) continue;
    // Whatever cannot be looked at, or goes while we look, is not ours to remove.
    if (await isLeftOver(directory).catch(() => false)) await rm(directory, { recursive: true, force: true });
  }
}

let swept: Promise<void> | undefined;

/** Make a directory for one run of QEMU that nobody else can look into (mode 0700). */
export async function makeRunDirectory(): Promise<string> {
  const parent = parentDirectory();
  swept ??= sweep(parent);
  await swept;
  return mkdtemp(join(parent, PREFIX));
}
