// SPDX-License-Identifier: GPL-2.0-only
import { reachable, touched } from '../core/host-pages.js';
import { collected } from '../core/lifetime.js';
import type { Mapping } from '../core/objects.js';
import { at, covers, put } from '../core/ranges.js';
import type { Ranges } from '../core/ranges.js';
import { always, effect, mayRefuse, refuse, silent, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { self, withMapChanged, withMapping, without, withSelf } from '../core/state.js';
import type { State } from '../core/state.js';
import { pagesIn, u64 } from './argument.js';
import { beginsWith, firstPageOf, gmemOfMap, INSIDE, isUnaligned, mapIn, pagesOf } from './map-range.js';
import type { MapCall } from './map-range.js';
import { addressSpace, MUCH_MEMORY } from './mmap-flags.js';

/** A mapping without what it had at its pages from `from` up to and without `to`. */
function emptied(map: Mapping, from: number, to: number): Mapping {
  const none = <T>(ranges: Ranges<T>): Ranges<T> => put(ranges, from, to, undefined);
  return {
    ...map,
    prot: none(map.prot),
    present: none(map.present),
    locked: none(map.locked),
    notInChild: none(map.notInChild),
    guarded: none(map.guarded),
    failed: none(map.failed),
  };
}

/** munmap(2) (mm/vma.c do_vmi_munmap). */
export const MUNMAP: readonly Rule<'map_op'>[] = [
  refuse('gmem.mmap.unaligned-einval', 'EINVAL', isUnaligned),
  refuse('linux.munmap.length-einval', 'EINVAL', ({ step }) => step.length === 0n),
  refuse(
    'linux.munmap.length-einval',
    'EINVAL',
    ({ step, world }) => u64(step.length) > addressSpace(world.arch),
  ),
  ...INSIDE,
  succeed('gmem.mmap.munmap-keeps', always, {
    effects: [effect('gmem.mmap.munmap-keeps', (v) => withoutPages(v, ...pagesOf(v)))],
  }),
];

function withoutPages(v: MapCall, from: number, to: number): State {
  const map = mapIn(v);
  return map ? collected(withMapChanged(v.state, map.id, emptied(map.it, from, to))) : v.state;
}

const newPages = ({ step, world }: MapCall): number => pagesIn(u64(step.arg), world.pageSize);
const oldPages = ({ step, world }: MapCall): number => pagesIn(u64(step.length), world.pageSize);

/** mremap(2) with MREMAP_MAYMOVE (mm/mremap.c do_mremap). */
export const MREMAP: readonly Rule<'map_op'>[] = [
  refuse('linux.mremap.arguments-einval', 'EINVAL', isUnaligned),
  refuse('linux.mremap.arguments-einval', 'EINVAL', ({ step }) => step.arg === 0n),
  refuse(
    'linux.mremap.arguments-einval',
    'EINVAL',
    ({ step, world }) => u64(step.arg) > addressSpace(world.arch),
  ),
  // What stays behind or is doubled would have no name.
  silent((v) => firstPageOf(v) !== 0 || oldPages(v) === 0),
  ...INSIDE,
  refuse('linux.mremap.unmapped-efault', 'EFAULT', (v) => !beginsWith(v, 'prot')),
  succeed('gmem.mmap.mremap', (v) => newPages(v) <= oldPages(v), {
    effects: [effect('gmem.mmap.mremap', withLess)],
  }),
  silent((v) => !growsAsAWhole(v)),
  mayRefuse('linux.mmap.address-space-enomem', 'ENOMEM', (v) => mayLackMemory(v)),
  succeed('gmem.mmap.mremap', always, {
    effects: [effect('gmem.mmap.mremap', withGrowth), effect('linux.mremap.grown-locked', withGrowthPresent)],
  }),
];

/** Whether all of the mapping grows, and all of it is mapped alike: other parts would be mappings of their own. */
function growsAsAWhole(v: MapCall): boolean {
  const map = mapIn(v)?.it;
  if (!map || oldPages(v) !== pagesIn(map.length, v.world.pageSize)) return false;
  const marks: readonly Ranges<unknown>[] = [map.prot, map.locked, map.notInChild];
  return marks.every(
    (ranges) => ranges.length === 0 || (ranges.length === 1 && covers(ranges, 0, oldPages(v))),
  );
}

const mayLackMemory = (v: MapCall): boolean =>
  v.step.arg > (gmemOfMap(v) ? addressSpace(v.world.arch) / 4n : MUCH_MEMORY);

/** What lies behind the range, if anything does, stays where it is. */
function withLess(v: MapCall): State {
  const left = withoutPages(v, newPages(v), oldPages(v));
  const map = mapIn(v);
  const isWhole = map !== undefined && oldPages(v) === pagesIn(map.it.length, v.world.pageSize);
  return isWhole ? withMapChanged(left, map.id, { length: v.step.arg }) : left;
}

/** It may move, so that it is another mapping to whatever knows its address. All of it is alike. */
function withGrowth(v: MapCall): State {
  const { state, step } = v;
  const map = mapIn(v);
  if (!map) return state;
  const grown = <T>(ranges: Ranges<T>): Ranges<T> => put(ranges, 0, newPages(v), at(ranges, 0));
  const { prot, locked, notInChild } = map.it;
  const unnamed = withSelf(state, { maps: without(self(state).maps, map.id) });
  return withMapping(unnamed, step.map, {
    ...map.it,
    length: step.arg,
    prot: grown(prot),
    locked: grown(locked),
    notInChild: grown(notInChild),
  });
}

/** What a locked mapping grows by is populated. */
function withGrowthPresent(v: MapCall): State {
  const map = mapIn(v);
  const [from, to] = [oldPages(v), newPages(v)];
  if (!map || !at(map.it.locked, from)) return v.state;
  return touched(v.state, map, from, from + reachable(v.state, map.it, from, to, 'read'));
}
