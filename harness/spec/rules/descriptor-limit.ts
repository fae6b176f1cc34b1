// SPDX-License-Identifier: GPL-2.0-only
import { lowestFree, self } from '../core/state.js';
import type { State } from '../core/state.js';

/** Whether RLIMIT_NOFILE leaves the running process no descriptor number (fs/file.c alloc_fd). */
export function descriptorsUsedUp(state: State): boolean {
  const process = self(state);
  return process.nofile !== undefined && BigInt(lowestFree(process)) >= process.nofile;
}
