// SPDX-License-Identifier: GPL-2.0-only

/** Of the loop that a thread turns before it begins: about the duration of a conversion in an emulated guest. */
const MOST_TURNS = 1 << 16;

/** mulberry32: 32 well mixed bits for every 32 bits. */
function mixed(seed: number): number {
  let x = (seed + 0x6d2b79f5) | 0;
  x = Math.imul(x ^ (x >>> 15), x | 1);
  x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
  return (x ^ (x >>> 14)) >>> 0;
}

/**
 * Turns of an empty loop that each thread of a parallel waits before its first step. One thread waits for nothing; the
 * others for anything from none to tens of microseconds, short times as likely as long ones, so that over many
 * seeds every step of one thread meets every step of the others.
 * @param seed without one nobody waits
 * @param block tells the parallels of a program apart
 */
export function skews(threads: number, seed: number | undefined, block = 0): number[] {
  if (seed === undefined) return Array.from({ length: threads }, () => 0);
  const at = (i: number): number => mixed(Math.imul(seed, 0x9e3779b1) ^ Math.imul(block + 1, 0x85ebca6b) ^ i);
  const first = at(threads) % threads;
  return Array.from({ length: threads }, (_, i) =>
    i === first ? 0 : Math.floor(MOST_TURNS ** (at(i) / 2 ** 32)) - 1,
  );
}
