// SPDX-License-Identifier: GPL-2.0-only
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';

/** A running child and the directory that goes with it. */
interface Kept {
  child: ChildProcess;
  directory: string | undefined;
}

/**
 * Milliseconds within which a signal and its repetition count as one: npm forwards a Ctrl-C that the terminal
 * has already sent to the whole foreground process group.
 */
const SAME_PRESS_MS = 300;
/** Exit code of a process that a second signal stopped at once: what shells report for a Ctrl-C. */
export const INTERRUPTED = 130;

const kept = new Set<Kept>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let armed = false;

/**
 * Kill a child that was started with `detached: true`, and with it whatever it left in its process group.
 * Nothing happens when they are gone, or when it never started.
 */
export function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function endAll(): void {
  for (const { child, directory } of kept) {
    killGroup(child);
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  }
  kept.clear();
}

/**
 * Tells a second signal from the first.
 *
 * @param now milliseconds, for tests.
 * @returns a function to call on every signal: false for the first, true for one that was sent on purpose
 * after it.
 */
export function repetition(now: () => number = () => performance.now()): () => boolean {
  let first: number | undefined;
  return () => {
    first ??= now();
    return now() - first > SAME_PRESS_MS;
  };
}

const repeated = repetition();

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) {
    // Somebody else who listens finishes what is running, for which the children are needed. They end with
    // this process, which nothing holds back a second time.
    if (repeated()) process.exit(INTERRUPTED);
    return;
  }
  endAll();
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}

/**
 * Make sure that a child ends, and its directory goes, when this process does: by returning, by an exception
 * or by SIGINT, SIGTERM or SIGHUP. While somebody else listens for a signal, the first one ends nothing: that
 * listener decides when this process ends. (SIGKILL is covered for QEMU by a parent-death signal where
 * setpriv exists, for executors by the end of their input.)
 *
 * @param child started with `detached: true`: a Ctrl-C at the terminal is for this process only.
 * @param directory removed with the child.
 * @returns a function that ends the supervision; call it when the child is gone.
 */
export function reapWithUs(child: ChildProcess, directory?: string): () => void {
  if (!armed) {
    armed = true;
    process.on('exit', endAll);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  const entry = { child, directory };
  kept.add(entry);
  return () => {
    kept.delete(entry);
  };
}
