// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TargetError } from '../../harness/target/executor.js';
import { cacheDir } from '../build/cache.js';
import type { Guest } from './guest.js';
import { qemuArguments } from './qemu-command.js';
import type { GuestSpec } from './qemu-command.js';

/** snapshot.json: what was measured when the snapshot was made, and what follows from it. */
export interface SnapshotRecord {
  /** The faster way to start this guest, used from now on. */
  use: 'snapshot' | 'boot';
  reason: string;
  /** Milliseconds from starting QEMU to the agent's answer. */
  bootMs: number;
  restoreMs: number;
  /** Size of the stream. */
  bytes: number;
  /** What the kernel complained about while it booted: a restored guest's console does not show it. */
  bootSplat?: string;
}

/** What is known of a guest that booted. */
export interface Boot {
  /** Milliseconds from starting QEMU to the agent's answer. */
  bootMs: number;
  bootSplat?: string;
}

/** Why there is no snapshot this time. */
export interface NoSnapshot {
  use: 'boot';
  reason: string;
}

const STREAM = 'stream';
const RECORD = 'snapshot.json';
const MIGRATION_MS = 30_000;
/**
 * Snapshots kept, about 20 MB each; every change of agent, kernel or command line makes a new one, and
 * reference-7.3 alone has sixteen command lines (dialects, switch).
 */
const KEPT = 40;

/** The stream of a snapshot directory. */
export function streamOf(directory: string): string {
  return join(directory, STREAM);
}

/**
 * Where the snapshot of a guest lives. Everything that shapes the guest is in the key: a stream restored
 * into another machine, or into another QEMU, is not the guest it was.
 *
 * @param hashes SHA-256 of the kernel image and of the initramfs; `qemu` is the first line of --version.
 */
export function snapshotDirectory(
  spec: GuestSpec,
  hashes: { kernel: string; initramfs: string; qemu: string },
): string {
  const command = qemuArguments({ ...spec, kernel: '', initramfs: '' }, '', false);
  const key = createHash('sha256').update(JSON.stringify({ hashes, command })).digest('hex').slice(0, 32);
  return cacheDir('snapshots', key);
}

/** Delete the snapshots that were used longest ago. */
async function prune(parent: string): Promise<void> {
  const names = await readdir(parent);
  const aged = await Promise.all(
    names.map(async (name) => {
      const path = join(parent, name);
      // Another process may delete the same one.
      return {
        path,
        used: await stat(path).then(
          (status) => status.mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  aged.sort((a, b) => b.used - a.used);
  await Promise.all(aged.slice(KEPT).map(({ path }) => rm(path, { recursive: true, force: true })));
}

/** @returns the record of a snapshot, or undefined when there is none that can be read. */
export async function readSnapshot(directory: string): Promise<SnapshotRecord | undefined> {
  try {
    const now = new Date();
    await utimes(directory, now, now);
    const record = JSON.parse(await readFile(join(directory, RECORD), 'utf8')) as Partial<SnapshotRecord>;
    // Earlier versions stored failures, which have no time.
    if (record.restoreMs === undefined) throw new SyntaxError('expected a time of restoring');
    return record as SnapshotRecord;
  } catch (error) {
    // Directories appear complete. One that is not stands in the way of the next.
    if (error instanceof SyntaxError) await rm(directory, { recursive: true, force: true });
    return undefined;
  }
}

/**
 * Write a guest's state to a file by live migration, through a socket because `-sandbox …,spawn=deny`
 * forbids exec: and an outgoing fd: would have to be passed over QMP. The guest is not stopped first: a
 * stream of a stopped guest is restored stopped. Afterwards the guest stands still until `cont`.
 *
 * @throws TargetError when QEMU cannot migrate this machine.
 */
async function writeStream(guest: Guest, file: string): Promise<void> {
  const path = join(guest.directory, 'migration');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  const timeout = AbortSignal.timeout(MIGRATION_MS);
  try {
    const written = new Promise<void>((resolve, reject) => {
      server.once('connection', (socket) => {
        pipeline(socket, createWriteStream(file), { signal: timeout }).then(resolve, reject);
      });
      timeout.addEventListener('abort', () => reject(new TargetError('QEMU sent no snapshot in time')));
    });
    await Promise.all([written, guest.qmp.execute('migrate', { uri: `unix:${path}` })]);
  } finally {
    server.close();
  }
  const { status } = (await guest.qmp.execute('query-migrate')) as { status?: string };
  if (status !== 'completed') {
    throw new TargetError(`expected the migration to be completed, it is ${status ?? 'unknown'}`);
  }
}

/**
 * Make the snapshot of a guest that answered, and find out whether restoring it is worth while.
 *
 * @param directory from {@link snapshotDirectory}; appears complete or not at all.
 * @param tryRestore starts a guest from a stream and returns the milliseconds until it answered.
 * @returns the record that was stored, or why there is none: a failure may be that of a busy machine, so that
 * the next boot tries again.
 */
export async function makeSnapshot(
  guest: Guest,
  directory: string,
  boot: Boot,
  tryRestore: (stream: string) => Promise<number>,
): Promise<SnapshotRecord | NoSnapshot> {
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.`);
  try {
    const stream = join(scratch, STREAM);
    const restored = await writeStream(guest, stream)
      .then(() => tryRestore(stream))
      .catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (typeof restored === 'string') return { use: 'boot', reason: `no working snapshot: ${restored}` };
    const record = judge(boot, restored);
    if (record.use === 'snapshot') record.bytes = (await stat(stream)).size;
    else await rm(stream, { force: true });
    await writeFile(join(scratch, RECORD), JSON.stringify(record, undefined, 2) + '\n');
    // Who loses this race made the same thing.
    await rename(scratch, directory).catch(() => undefined);
    await prune(dirname(directory));
    return record;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function judge(boot: Boot, restoreMs: number): SnapshotRecord {
  const use = restoreMs < boot.bootMs ? 'snapshot' : 'boot';
  return { use, reason: `boot ${boot.bootMs} ms, restore ${restoreMs} ms`, ...boot, restoreMs, bytes: 0 };
}
