// SPDX-License-Identifier: GPL-2.0-only
import { LineError, parseCall } from './line.js';
import type { Line } from './line.js';

const CLONE_VM = 0x100n;
const CLONE_FILES = 0x400n;
const CLONE_VFORK = 0x4000n;

/** What a new process shares with the one that made it. */
export interface Sharing {
  /** The address space: mappings of one are mappings of the other. */
  readonly memory: boolean;
  /** The table of descriptors. */
  readonly files: boolean;
}

/** Whether a call makes a process or a thread. */
export const makesProcess = (name: string): boolean => /^(?:clone3?|v?fork)$/.test(name);

/** What the process that a call makes shares with its parent (kernel/fork.c copy_mm, copy_files). */
export function sharingOf({ name, args }: Line & { kind: 'call' }): Sharing {
  if (name === 'vfork') return { memory: true, files: false };
  const first = args.find((a) => a.name === 'flags')?.value ?? args[0]?.value;
  const flags = first?.kind === 'struct' ? first.members.get('flags') : first;
  const bits = flags?.kind === 'number' ? flags.value : 0n;
  return { memory: (bits & (CLONE_VM | CLONE_VFORK)) !== 0n, files: (bits & CLONE_FILES) !== 0n };
}

/** The same from the first half of a call: what strace prints when it begins has the flags. */
export function sharingOfUnfinished(text: string): Sharing {
  try {
    return sharingOf(parseCall(`${text}) = 0`));
  } catch (error) {
    if (error instanceof LineError) return { memory: false, files: false };
    throw error;
  }
}
