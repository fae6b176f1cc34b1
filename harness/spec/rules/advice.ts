// SPDX-License-Identifier: GPL-2.0-only
import type { World } from '../core/world.js';

/** MADV_* (include/uapi/asm-generic/mman-common.h). */
export const MADV = {
  NORMAL: 0n,
  RANDOM: 1n,
  SEQUENTIAL: 2n,
  WILLNEED: 3n,
  DONTNEED: 4n,
  FREE: 8n,
  REMOVE: 9n,
  DONTFORK: 10n,
  DOFORK: 11n,
  MERGEABLE: 12n,
  UNMERGEABLE: 13n,
  HUGEPAGE: 14n,
  NOHUGEPAGE: 15n,
  DONTDUMP: 16n,
  DODUMP: 17n,
  WIPEONFORK: 18n,
  KEEPONFORK: 19n,
  COLD: 20n,
  PAGEOUT: 21n,
  POPULATE_READ: 22n,
  POPULATE_WRITE: 23n,
  DONTNEED_LOCKED: 24n,
  COLLAPSE: 25n,
  HWPOISON: 100n,
  SOFT_OFFLINE: 101n,
  GUARD_INSTALL: 102n,
  GUARD_REMOVE: 103n,
} as const;

const OF_FEATURE: ReadonlyMap<bigint, string> = new Map([
  [MADV.HUGEPAGE, 'thp'],
  [MADV.NOHUGEPAGE, 'thp'],
  [MADV.COLLAPSE, 'thp'],
  [MADV.HWPOISON, 'memory-failure'],
  [MADV.SOFT_OFFLINE, 'memory-failure'],
]);
/** Advice for CONFIG_KSM, which kernels of our recipes are built without. */
const OF_KSM: readonly bigint[] = [MADV.MERGEABLE, MADV.UNMERGEABLE];
const ALL: readonly bigint[] = Object.values(MADV);

/** Whether the kernel knows the advice (mm/madvise.c madvise_behavior_valid). */
export function isKnown(world: World, advice: bigint): boolean {
  const feature = OF_FEATURE.get(advice);
  return ALL.includes(advice) && !OF_KSM.includes(advice) && (feature === undefined || world.has(feature));
}

/** Advice that changes nothing that the model knows of. */
export const WITHOUT_EFFECT: readonly bigint[] = [
  MADV.NORMAL,
  MADV.RANDOM,
  MADV.SEQUENTIAL,
  MADV.WILLNEED,
  MADV.HUGEPAGE,
  MADV.NOHUGEPAGE,
  MADV.DONTDUMP,
  MADV.DODUMP,
  MADV.KEEPONFORK,
  MADV.COLD,
  MADV.PAGEOUT,
];

/** Advice that locked pages do not take, beside MADV_REMOVE. */
export const FOR_UNLOCKED: readonly bigint[] = [MADV.DONTNEED, MADV.COLD, MADV.PAGEOUT, MADV.GUARD_INSTALL];

/** Advice for anonymous memory. */
export const FOR_ANONYMOUS: readonly bigint[] = [MADV.FREE, MADV.WIPEONFORK];
