// SPDX-License-Identifier: GPL-2.0-only
import { rm } from 'node:fs/promises';
import { Channel, ChannelError } from '../../harness/target/channel.js';
import { TargetError } from '../../harness/target/executor.js';
import type { WireHello } from '../../harness/lower/wire.js';
import { consoleTail, findCrash } from './crash.js';
import { startGuest } from './guest.js';
import type { Guest } from './guest.js';
import type { GuestSpec } from './qemu-command.js';
import { makeSnapshot, readSnapshot, streamOf } from './snapshot.js';
import type { Boot, NoSnapshot, SnapshotRecord } from './snapshot.js';

/** A guest whose agent has answered. */
export interface LiveGuest {
  guest: Guest;
  channel: Channel;
  hello: WireHello;
  how: 'boot' | 'snapshot';
  /** Milliseconds from starting QEMU to the agent's answer. */
  startMs: number;
  /** What was measured when its snapshot was made, or why it has none; undefined when none was wanted. */
  record?: SnapshotRecord | NoSnapshot;
  /** Title of what the kernel complained about while it booted, now or before the snapshot was made. */
  bootSplat?: string;
}

/** A restored guest answers in a tenth of a second; one that does not in this time never will. */
const RESTORE_MS = 10_000;
/** QEMU's exit follows the end of its sockets. */
const EXIT_MS = 2_000;
const TAIL_LINES = 30;

/** Wait for QEMU's exit. @returns how it exited, or undefined when it still runs after `ms`. */
export async function exitWithin(guest: Guest, ms: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const how = await Promise.race([guest.exited, late]);
  clearTimeout(timer);
  return how;
}

async function explain(
  spec: GuestSpec,
  guest: Guest,
  error: ChannelError,
  seconds: number,
): Promise<TargetError> {
  const exit = error.kind === 'deadline' ? undefined : await exitWithin(guest, EXIT_MS);
  const text = guest.console.all();
  const crash = findCrash(text);
  const what =
    error.kind === 'deadline'
      ? `its agent did not answer within ${seconds} s`
      : `${exit === undefined ? 'its agent closed the port' : `QEMU ended (${exit})`} before the agent answered`;
  const tail = consoleTail(text, TAIL_LINES).map((line) => `  | ${line}`);
  const lines = [
    `${spec.kernel}: expected this kernel to boot under ${spec.machine.qemu.binary} and its agent to answer; ${what}`,
    ...(crash ? [`the kernel reported: ${crash.title}`] : []),
    ...(guest.complaints() === '' ? [] : [`QEMU says: ${guest.complaints()}`]),
    ...(text.trim() === '' ? ['the console stayed empty'] : ['the end of the console:', ...tail]),
  ];
  return new TargetError(lines.join('\n'), 'fatal', { cause: error });
}

/**
 * Start a guest and wait for its agent.
 *
 * @param timeoutMs milliseconds the agent may take to answer.
 * @param stream continue from this snapshot; omitted: boot.
 * @throws TargetError (fatal) with the end of the console; nothing is left running.
 */
async function start(
  spec: GuestSpec,
  timeoutMs: number,
  onGuest: (guest: Guest) => void,
  stream?: string,
): Promise<LiveGuest> {
  const began = performance.now();
  const guest = await startGuest(spec, stream);
  onGuest(guest);
  const channel = new Channel(guest.port, guest.port);
  try {
    const hello = await channel.hello(timeoutMs);
    const startMs = Math.round(performance.now() - began);
    return { guest, channel, hello, how: stream === undefined ? 'boot' : 'snapshot', startMs };
  } catch (error) {
    const failure =
      error instanceof ChannelError ? await explain(spec, guest, error, timeoutMs / 1000) : error;
    await guest.end();
    throw failure;
  }
}

/**
 * Start a guest the fastest way that is known to work: restore its snapshot, or boot and (the first time)
 * make one, measuring both.
 *
 * @param directory where the snapshot is or would be; undefined: always boot.
 * @param onGuest told of every guest as it starts, for its console; there may be more than one.
 * @throws TargetError (fatal) when the guest does not boot.
 */
export async function bringUp(
  spec: GuestSpec,
  timeoutMs: number,
  directory: string | undefined,
  onGuest: (guest: Guest) => void,
): Promise<LiveGuest> {
  const record = directory === undefined ? undefined : await readSnapshot(directory);
  if (directory !== undefined && record?.use === 'snapshot') {
    try {
      const restored = await start(spec, RESTORE_MS, onGuest, streamOf(directory));
      return { ...restored, record, ...splat(record.bootSplat) };
    } catch {
      // Damaged, or half deleted: the next boot makes a new one.
      await rm(directory, { recursive: true, force: true });
    }
  }
  const started = await start(spec, timeoutMs, onGuest);
  const bootSplat = splat(findCrash(started.guest.console.all())?.title);
  const booted: LiveGuest = { ...started, ...bootSplat };
  if (directory === undefined) return booted;
  if (record?.use === 'boot') return { ...booted, record };
  let restored: LiveGuest | undefined;
  const boot: Boot = { bootMs: booted.startMs, ...bootSplat };
  const made = await makeSnapshot(booted.guest, directory, boot, async (stream) => {
    restored = await start(spec, RESTORE_MS, onGuest, stream);
    return restored.startMs;
  });
  // The stream may be gone again, its guest has read all of it.
  const [keep, drop] = made.use === 'snapshot' && restored ? [restored, booted] : [booted, restored];
  await drop?.guest.end();
  if (keep === booted) await booted.guest.qmp.execute('cont');
  return { ...keep, record: made, ...bootSplat };
}

const splat = (title: string | undefined): Pick<LiveGuest, 'bootSplat'> =>
  title === undefined ? {} : { bootSplat: title };
