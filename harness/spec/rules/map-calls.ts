// SPDX-License-Identifier: GPL-2.0-only
import { gmemBehind } from '../core/host-pages.js';
import type { Report } from '../core/outcome.js';
import { at } from '../core/ranges.js';
import { always, refuse, silent, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { self } from '../core/state.js';
import { hasOtherBits, u64 } from './argument.js';
import {
  beginsWith,
  firstWith,
  gmemOfMap,
  hasGap,
  INSIDE,
  isUnaligned,
  mapIn,
  pagesOf,
  some,
} from './map-range.js';
import type { MapCall } from './map-range.js';

const MS = { ASYNC: 1n, INVALIDATE: 2n, SYNC: 4n } as const;
const flag = ({ step }: MapCall, bit: bigint): boolean => (step.arg & bit) !== 0n;

/** msync(2) (mm/msync.c): it asks the file for MS_SYNC alone, part by part of what is mapped. */
export const MSYNC: readonly Rule<'map_op'>[] = [
  refuse('gmem.mmap.msync', 'EINVAL', ({ step }) =>
    hasOtherBits(BigInt.asUintN(32, step.arg), MS.ASYNC | MS.INVALIDATE | MS.SYNC),
  ),
  refuse('gmem.mmap.unaligned-einval', 'EINVAL', isUnaligned),
  refuse('gmem.mmap.msync', 'EINVAL', (v) => flag(v, MS.ASYNC) && flag(v, MS.SYNC)),
  succeed('linux.mm.empty-range', ({ step }) => step.length === 0n),
  ...INSIDE,
  refuse(
    'linux.msync.locked-ebusy',
    'EBUSY',
    (v) => flag(v, MS.INVALIDATE) && some(v, 'locked') && (asksNoFile(v) || lockedFirst(v)),
  ),
  refuse('gmem.mmap.msync', 'EINVAL', (v) => !asksNoFile(v) && some(v, 'prot')),
  refuse('linux.mm.gap-enomem', 'ENOMEM', hasGap),
  succeed('gmem.mmap.msync', always),
];

const asksNoFile = (v: MapCall): boolean => !flag(v, MS.SYNC) || gmemOfMap(v) === undefined;
const lockedFirst = (v: MapCall): boolean => firstWith(v, 'locked') === firstWith(v, 'prot');

/** mincore(2) of the first page (mm/mincore.c): what the file has, or what the page table says of other memory. */
export const MINCORE: readonly Rule<'map_op'>[] = [
  refuse('gmem.mmap.unaligned-einval', 'EINVAL', isUnaligned),
  succeed('linux.mm.empty-range', ({ step }) => step.length === 0n),
  ...INSIDE,
  refuse('linux.mm.gap-enomem', 'ENOMEM', hasGap),
  succeed('gmem.mmap.mincore', always, { report: inCore }),
];

/** A page that failed is marked in the page table, which counts. Who may not write the file sees nothing of it. */
function inCore(v: MapCall): Report {
  const map = mapIn(v)?.it;
  const gmem = map && gmemBehind(v.state, map)?.it;
  if (!gmem || self(v.state).uid !== 0n) return { value: 'any' };
  const [page] = pagesOf(v);
  return { value: at(gmem.used, map.firstPage + page) || at(map.failed, page) ? 1n : 0n };
}

/** MPOL_DEFAULT and MPOL_LOCAL, which take no nodes. */
const WITHOUT_NODES: readonly bigint[] = [0n, 4n];
const POLICIES = 7n;
/** MPOL_F_* in the mode. */
const MODE_FLAGS = 0xe000n;

/** mbind(2) with node 0 (mm/mempolicy.c do_mbind). */
export const MBIND: readonly Rule<'map_op'>[] = [
  silent(({ world }) => !world.has('numa')),
  silent(({ step }) => (step.arg & MODE_FLAGS) !== 0n),
  refuse('gmem.mmap.policy', 'EINVAL', ({ step }) => u64(step.arg) >= POLICIES),
  refuse('linux.mbind.unaligned-einval', 'EINVAL', isUnaligned),
  silent(({ step }) => step.length === 0n),
  refuse('gmem.mmap.policy', 'EINVAL', ({ step }) => WITHOUT_NODES.includes(step.arg)),
  ...INSIDE,
  refuse('linux.mbind.gap-efault', 'EFAULT', (v) => !beginsWith(v, 'prot') || hasGap(v)),
  succeed('gmem.mmap.policy', always),
];
