// SPDX-License-Identifier: GPL-2.0-only
import { firstMiss, reachable, touched } from '../core/host-pages.js';
import type { Finding } from '../core/host-pages.js';
import { put } from '../core/ranges.js';
import { always, effect, refuse, silent, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { self } from '../core/state.js';
import type { State } from '../core/state.js';
import { hasOtherBits } from './argument.js';
import {
  beginsWith,
  firstPageOf,
  gapAt,
  gmemOfMap,
  hasGap,
  INSIDE,
  isUnaligned,
  mapIn,
  pagesOf,
  withMap,
} from './map-range.js';
import type { MapCall } from './map-range.js';
import { ANY_ACCESS, PROT } from './mmap-flags.js';

/** PROT_SEM, which nothing looks at. */
const SEM = 8n;
/** PROT_BTI and PROT_MTE, which arm64 takes as the machine has them. */
const OF_ARM64 = 0x30n;
/** PROT_GROWSDOWN and PROT_GROWSUP: for stacks. */
const GROWS = 0x300_0000n;

const LOCKED = effect<'map_op'>('linux.mlock.locked', (v) => {
  const from = firstPageOf(v);
  return withMap(v, ({ locked }) => ({ locked: put(locked, from, gapAt(v), true) }));
});
/** The pages up to the first that cannot be had. */
const FAULTED = effect<'map_op'>('gmem.mmap.mlock', (v) => {
  const map = mapIn(v);
  const [from, to] = pagesOf(v);
  return map ? touched(v.state, map, from, from + reachable(v.state, map.it, from, to, 'read')) : v.state;
});

/** Whether the first page that cannot be had is one of these. */
function misses(v: MapCall, ...findings: readonly Finding[]): boolean {
  const map = mapIn(v);
  const miss = map && firstMiss(v.state, map.it, ...pagesOf(v), 'read');
  return miss !== undefined && findings.includes(miss.finding);
}

/** mprotect(2) (mm/mprotect.c do_mprotect_pkey). */
export const MPROTECT: readonly Rule<'map_op'>[] = [
  silent(({ step, world }) => (step.arg & (GROWS | (world.arch === 'aarch64' ? OF_ARM64 : 0n))) !== 0n),
  refuse('gmem.mmap.unaligned-einval', 'EINVAL', isUnaligned),
  succeed('linux.mm.empty-range', ({ step }) => step.length === 0n),
  refuse('linux.mprotect.unknown-einval', 'EINVAL', ({ step }) => hasOtherBits(step.arg, ANY_ACCESS | SEM)),
  ...INSIDE,
  refuse('linux.mm.gap-enomem', 'ENOMEM', (v) => !beginsWith(v, 'prot')),
  refuse(
    'gmem.mmap.mprotect-exec-eacces',
    'EACCES',
    (v) => gmemOfMap(v) !== undefined && (v.step.arg & PROT.EXEC) !== 0n,
  ),
  refuse('linux.mm.gap-enomem', 'ENOMEM', hasGap, {
    effects: [effect('gmem.mmap.mprotect', withProtection)],
  }),
  succeed('gmem.mmap.mprotect', always, { effects: [effect('gmem.mmap.mprotect', withProtection)] }),
];

/** Up to the first page that is not mapped. */
function withProtection(v: MapCall): State {
  const from = firstPageOf(v);
  return withMap(v, ({ prot }) => ({ prot: put(prot, from, gapAt(v), v.step.arg & ANY_ACCESS) }));
}

/** mlock(2) (mm/mlock.c do_mlock): pages are locked although they cannot all be had. */
export const MLOCK: readonly Rule<'map_op'>[] = [
  silent(({ state }) => self(state).uid !== 0n),
  silent(isUnaligned),
  succeed('linux.mm.empty-range', ({ step }) => step.length === 0n),
  ...INSIDE,
  refuse('linux.mm.gap-enomem', 'ENOMEM', (v) => !beginsWith(v, 'prot')),
  refuse('linux.mm.gap-enomem', 'ENOMEM', hasGap, { effects: [LOCKED] }),
  refuse('gmem.host.private-mlock-enomem', 'ENOMEM', (v) => misses(v, 'private'), {
    effects: [LOCKED, FAULTED],
  }),
  refuse('gmem.mmap.eof-kernel-efault', 'ENOMEM', (v) => misses(v, 'beyond the end'), {
    effects: [LOCKED, FAULTED],
  }),
  refuse(
    'linux.mlock.inaccessible-enomem',
    'ENOMEM',
    (v) => misses(v, 'forbidden', 'guard', 'failed memory'),
    {
      effects: [LOCKED, FAULTED],
    },
  ),
  succeed('gmem.mmap.mlock', always, { effects: [LOCKED, FAULTED] }),
];
