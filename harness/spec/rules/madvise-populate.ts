// SPDX-License-Identifier: GPL-2.0-only
import { firstMiss, reachable, touched } from '../core/host-pages.js';
import type { Access, Finding } from '../core/host-pages.js';
import { always, effect, refuse, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import type { State } from '../core/state.js';
import { MADV } from './advice.js';
import { mapIn, pagesOf } from './map-range.js';
import type { MapCall } from './map-range.js';

const accessOf = ({ step }: MapCall): Access => (step.arg === MADV.POPULATE_WRITE ? 'get to write' : 'get');

/** What the first page is that cannot be had, undefined when all can. */
function missed(v: MapCall): Finding | undefined {
  const map = mapIn(v);
  return map && firstMiss(v.state, map.it, ...pagesOf(v), accessOf(v))?.finding;
}

/** Pages up to that one are there afterwards. */
const POPULATED = effect<'map_op'>('linux.madvise.populated', populated);

const refusedAt = (id: string, errno: string, finding: Finding): Rule<'map_op'> =>
  refuse(id, errno, (v) => missed(v) === finding, { effects: [POPULATED] });

/** MADV_POPULATE_READ and MADV_POPULATE_WRITE (mm/madvise.c madvise_populate, mm/gup.c faultin_page_range). */
export const POPULATE: readonly Rule<'map_op'>[] = [
  refusedAt('linux.mm.nothing-mapped', 'ENOMEM', 'nothing mapped'),
  refusedAt('gmem.mmap.kernel-respects-protection', 'EINVAL', 'forbidden'),
  refusedAt('linux.madvise.populate-guard-efault', 'EFAULT', 'guard'),
  refusedAt('linux.mm.populate-ehwpoison', 'EHWPOISON', 'failed memory'),
  refusedAt('gmem.mmap.eof-kernel-efault', 'EFAULT', 'beyond the end'),
  refusedAt('gmem.host.private-advice', 'EFAULT', 'private'),
  succeed('gmem.mmap.advice-accepted', always, { effects: [POPULATED] }),
];

function populated(v: MapCall): State {
  const map = mapIn(v);
  if (!map) return v.state;
  const [from, to] = pagesOf(v);
  const pages = reachable(v.state, map.it, from, to, accessOf(v));
  return pages > 0 ? touched(v.state, map, from, from + pages) : v.state;
}
