// SPDX-License-Identifier: GPL-2.0-only
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 500;

/** @returns the held lock, or undefined when another process has it. */
function tryLock(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}

/**
 * Do something while no other process of this user does it. The lock is a Unix socket in the abstract name
 * space: the kernel drops it with its owner, however that dies, so there are no stale locks to judge.
 * (Processes in different network namespaces do not see each other; results are renamed into place, so
 * they waste time but do no harm.)
 *
 * @param name what is locked, at most 80 characters.
 * @param onWait called once when somebody else holds the lock.
 */
export async function withLock<T>(name: string, onWait: () => void, action: () => Promise<T>): Promise<T> {
  const address = `\0gmemcheck-${process.getuid?.() ?? 0}-${name}`;
  let lock = await tryLock(address);
  if (!lock) onWait();
  while (!lock) {
    await sleep(POLL_MS);
    lock = await tryLock(address);
  }
  try {
    return await action();
  } finally {
    lock.close();
  }
}
