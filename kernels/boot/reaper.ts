// SPDX-License-Identifier: GPL-2.0-only
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';

/** A running QEMU and the directory that goes with it. */
interface Kept {
  child: ChildProcess;
  directory: string;
}

const kept = new Set<Kept>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
let armed = false;

function endAll(): void {
  for (const { child, directory } of kept) {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
  kept.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  endAll();
  // Somebody else who listens (an orderly shutdown) decides what happens next; otherwise end as if no
  // listener had been installed.
  if (process.listenerCount(signal) > 1) return;
  process.removeListener(signal, onSignal);
  process.kill(process.pid, signal);
}

/**
 * Make sure that a QEMU ends, and its directory goes, when this process does: by returning, by an exception
 * or by SIGINT, SIGTERM or SIGHUP. (SIGKILL is covered by a parent-death signal where setpriv exists.)
 *
 * @returns a function that ends the supervision; call it when the child is gone.
 */
export function reapWithUs(child: ChildProcess, directory: string): () => void {
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
