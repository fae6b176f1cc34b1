// SPDX-License-Identifier: GPL-2.0-only
import { gmemBehind } from '../core/host-pages.js';
import { mapOf } from '../core/look.js';
import type { Found } from '../core/look.js';
import type { Gmem, Mapping } from '../core/objects.js';
import { at, covers, firstIn, put, within } from '../core/ranges.js';
import type { Ranges } from '../core/ranges.js';
import { silent } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withMapChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import { mayBeReused } from './reach.js';
import { pageAligned, pageOf, pagesIn, u64 } from './argument.js';

export type MapCall = View<'map_op'>;

/** The mapping that the call is about. */
export const mapIn = ({ state, step }: MapCall): Found<Mapping> | undefined => mapOf(state, step.map);

/** The guest_memfd behind it. */
export function gmemOfMap(v: MapCall): Found<Gmem> | undefined {
  const map = mapIn(v);
  return map && gmemBehind(v.state, map.it);
}

/** Whether the range begins inside of a page. */
export const isUnaligned = ({ step, world }: MapCall): boolean => !pageAligned(step.offset, world.pageSize);

/** Page of the mapping that the range begins in. */
export const firstPageOf = ({ step, world }: MapCall): number => pageOf(step.offset, world.pageSize);

/** Pages of the mapping that the range reaches into: the first, and the one behind the last. */
export function pagesOf(v: MapCall): [number, number] {
  const from = firstPageOf(v);
  return [from, from + pagesIn(u64(v.step.length), v.world.pageSize)];
}

/** Pages of the file behind them. */
export function filePagesOf(v: MapCall): [number, number] {
  const first = mapIn(v)?.it.firstPage ?? 0;
  const [from, to] = pagesOf(v);
  return [first + from, first + to];
}

/** Ranges of a mapping that a call can ask about. */
type What = 'prot' | 'locked';
const rangesOf = (map: Mapping, what: What): Ranges<unknown> => map[what];

/** Whether any page of the range has this. */
export const some = (v: MapCall, what: What): boolean => firstWith(v, what) !== undefined;

/** The first page of the range that has this. */
export function firstWith(v: MapCall, what: What): number | undefined {
  const map = mapIn(v);
  return map && firstIn(rangesOf(map.it, what), ...pagesOf(v));
}

/** Whether the first page of the range has this. */
export function beginsWith(v: MapCall, what: What): boolean {
  const map = mapIn(v);
  return map !== undefined && at(rangesOf(map.it, what), firstPageOf(v)) !== undefined;
}

/** Whether pages of the range are not mapped any more. */
export function hasGap(v: MapCall): boolean {
  const map = mapIn(v);
  return map !== undefined && !covers(map.it.prot, ...pagesOf(v));
}

/** The page behind the mapped pages that the range begins with. */
export function gapAt(v: MapCall): number {
  const map = mapIn(v);
  const [from, to] = pagesOf(v);
  let end = from;
  for (const run of map ? within(map.it.prot, from, to) : []) {
    if (run.from > end) break;
    end = run.to;
  }
  return end;
}

/** Whether pages that the program unmapped may have been taken by something else since. */
export function mayBeTaken(v: MapCall): boolean {
  const map = mapIn(v);
  return map !== undefined && hasGap(v) && mayBeReused(v.state, map);
}

/** What lies around a mapping is unknown, and so is what a call does that reaches beyond it. */
export const INSIDE: readonly Rule<'map_op'>[] = [
  silent((v) => {
    const map = mapIn(v);
    return (
      map === undefined || v.step.offset < 0n || pagesOf(v)[1] > pagesIn(map.it.length, v.world.pageSize)
    );
  }),
  silent(mayBeTaken),
];

/** The mapping with changes. */
export function withMap(v: MapCall, change: (map: Mapping) => Partial<Mapping>): State {
  const map = mapIn(v);
  return map ? withMapChanged(v.state, map.id, change(map.it)) : v.state;
}

/** A range of pages set to a value where they are mapped. */
export function putMapped<T>(
  map: Mapping,
  to: Ranges<T>,
  from: number,
  end: number,
  value: T | undefined,
): Ranges<T> {
  let result = to;
  for (const run of within(map.prot, from, end)) result = put(result, run.from, run.to, value);
  return result;
}
