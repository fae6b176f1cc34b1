// SPDX-License-Identifier: GPL-2.0-only
import { put } from '../core/ranges.js';
import { effect, refuse, silent, succeed } from '../core/rule.js';
import type { Effect, Rule } from '../core/rule.js';
import { set } from '../core/state.js';
import type { State } from '../core/state.js';
import { zeroed } from '../core/memory.js';
import { FOR_ANONYMOUS, FOR_UNLOCKED, isKnown, MADV, WITHOUT_EFFECT } from './advice.js';
import { hole } from './hole.js';
import { HWPOISON } from './madvise-poison.js';
import { POPULATE } from './madvise-populate.js';
import {
  beginsWith, filePagesOf, gmemOfMap, hasGap, INSIDE, isUnaligned, mapIn, pagesOf, putMapped, some, withMap,
} from './map-range.js'; // prettier-ignore
import type { MapCall } from './map-range.js';

const adviceOf = ({ step }: MapCall): bigint => BigInt.asIntN(32, step.arg);
const is =
  (...advices: readonly bigint[]) =>
  (v: MapCall): boolean =>
    advices.includes(adviceOf(v));
const ofFile = (v: MapCall): boolean => gmemOfMap(v) !== undefined;

/** madvise(2) (mm/madvise.c do_madvise). */
export const MADVISE: readonly Rule<'map_op'>[] = [
  refuse('gmem.mmap.advice-einval', 'EINVAL', (v) => !isKnown(v.world, adviceOf(v))),
  refuse('gmem.mmap.unaligned-einval', 'EINVAL', isUnaligned),
  succeed('linux.mm.empty-range', ({ step }) => step.length === 0n),
  ...INSIDE,
  silent(is(MADV.SOFT_OFFLINE)),
  ...where(is(MADV.HWPOISON), HWPOISON),
  ...where(is(MADV.POPULATE_READ, MADV.POPULATE_WRITE), POPULATE),
  // Swap, KSM and huge pages decide what becomes of anonymous memory.
  silent((v) => !ofFile(v) && is(MADV.WILLNEED, MADV.COLLAPSE, MADV.REMOVE, ...FOR_ANONYMOUS)(v)),
  refuse('gmem.mmap.advice-einval', 'EINVAL', (v) => is(...FOR_ANONYMOUS)(v) && some(v, 'prot')),
  refuse('gmem.mmap.collapse-einval', 'EINVAL', (v) => is(MADV.COLLAPSE)(v) && some(v, 'prot')),
  refuse('linux.mm.gap-enomem', 'ENOMEM', is(MADV.COLLAPSE, ...FOR_ANONYMOUS)),
  refuse('gmem.mmap.advice-remove', 'EINVAL', (v) => is(MADV.REMOVE)(v) && beginsWith(v, 'locked')),
  refuse('linux.madvise.locked-einval', 'EINVAL', (v) => is(...FOR_UNLOCKED)(v) && beginsWith(v, 'locked')),
  // What lies before the locked page, or beside a gap, is advised and the call is refused all the same.
  silent((v) => is(MADV.REMOVE, ...FOR_UNLOCKED)(v) && some(v, 'locked')),
  silent((v) => is(MADV.REMOVE)(v) && hasGap(v)),
  succeed('gmem.mmap.advice-remove', is(MADV.REMOVE), { effects: hole(gmemOfMap, filePagesOf) }),
  ...advised('gmem.mmap.dontneed-keeps', is(MADV.DONTNEED, MADV.DONTNEED_LOCKED), [
    effect('gmem.mmap.dontneed-keeps', withEntriesDropped),
    effect('linux.madvise.anonymous-zero', withMemoryZeroed),
  ]),
  ...advised('gmem.mmap.dontfork', is(MADV.DONTFORK), [
    effect('gmem.mmap.dontfork', marked('notInChild', true)),
  ]),
  ...advised('linux.madvise.dofork', is(MADV.DOFORK), [
    effect('linux.madvise.dofork', marked('notInChild', undefined)),
  ]),
  ...advised('gmem.mmap.guard-region', is(MADV.GUARD_INSTALL), [
    effect('gmem.mmap.guard-region', marked('guarded', true)),
    effect('linux.madvise.guard-copied', (v) => withMap(v, () => ({ copiedOnFork: true }))),
    effect('linux.madvise.guard-drops', withEntriesDropped),
    effect('linux.madvise.anonymous-zero', withMemoryZeroed),
  ]),
  ...advised('gmem.mmap.guard-region', is(MADV.GUARD_REMOVE), [
    effect('gmem.mmap.guard-region', marked('guarded', undefined)),
  ]),
  ...advised('gmem.mmap.advice-accepted', is(...WITHOUT_EFFECT), []),
];

/** Rules of some advice alone. */
function where(
  applies: (v: MapCall) => boolean,
  rules: readonly Rule<'map_op'>[],
): readonly Rule<'map_op'>[] {
  return rules.map((rule) => ({ ...rule, when: (v) => applies(v) && rule.when(v) }));
}

/** Advice that all mapped pages of the range take, and that is ENOMEM for others. */
function advised(
  id: string,
  applies: (v: MapCall) => boolean,
  effects: readonly Effect<'map_op'>[],
): readonly Rule<'map_op'>[] {
  return [
    refuse('linux.mm.gap-enomem', 'ENOMEM', (v) => applies(v) && hasGap(v), { effects }),
    succeed(id, applies, { effects }),
  ];
}

function marked(mark: 'notInChild' | 'guarded', value: true | undefined): (v: MapCall) => State {
  return (v) => withMap(v, (map) => ({ [mark]: putMapped(map, map[mark], ...pagesOf(v), value) }));
}

/** Entries go from the page table, marks of failed memory too. */
function withEntriesDropped(v: MapCall): State {
  const pages = pagesOf(v);
  return withMap(v, ({ present, failed }) => ({
    present: put(present, ...pages, undefined),
    failed: put(failed, ...pages, undefined),
  }));
}

/** Memory that only the page table knows is gone with it. */
function withMemoryZeroed(v: MapCall): State {
  const map = mapIn(v)?.it;
  const memory = map?.memory === undefined ? undefined : v.state.memories.get(map.memory);
  if (map?.memory === undefined || !memory || map.shared) return v.state;
  const contents = zeroed(memory.contents, ...pagesOf(v));
  return { ...v.state, memories: set(v.state.memories, map.memory, { ...memory, contents }) };
}
