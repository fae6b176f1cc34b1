// SPDX-License-Identifier: GPL-2.0-only
import type { Step } from '../../program/step.js';
import { placeOf } from '../core/host-contents.js';
import type { Place } from '../core/host-contents.js';
import { find, reachable, touched } from '../core/host-pages.js';
import type { Access, Finding } from '../core/host-pages.js';
import { mapOf } from '../core/look.js';
import type { Found } from '../core/look.js';
import type { Mapping } from '../core/objects.js';
import { self } from '../core/state.js';
import type { State } from '../core/state.js';
import type { World } from '../core/world.js';

/** What an access to bytes of a mapping comes to, page by page from its first byte on. */
export interface Reach {
  readonly map: Found<Mapping>;
  readonly start: Place;
  /** Pages that it finds before one refuses, or all. */
  readonly pages: number;
  /** Bytes in these pages. */
  readonly bytes: number;
  /** What the page that refuses is, `page` when none does. */
  readonly finding: Finding;
  /** Where it is refused, bytes from the start of the mapping: the first byte in that page. */
  readonly at: bigint;
}

interface Bytes {
  readonly map: string;
  readonly offset: bigint;
}

/** The rules of a verb ask the same of a step one after the other: the last answer. */
let known: { state: State; step: Bytes; access: Access; reach: Reach | undefined } | undefined;

/**
 * How far an access gets.
 * @param length bytes, at least 1
 * @param unit `pages` for one that takes all of the pages that these bytes are in
 * @returns undefined where the model does not know what is at the address: beyond the mapping, or in a hole that a
 * later mapping may have been put into
 */
export function reach(
  { state, world }: { state: State; world: World },
  step: Bytes & Step,
  access: Access,
  length: bigint,
  unit: 'bytes' | 'pages' = 'bytes',
): Reach | undefined {
  if (known?.state === state && known.step === step && known.access === access) return known.reach;
  const size = BigInt(world.pageSize);
  const from = unit === 'bytes' ? step.offset : step.offset - (step.offset % size);
  const end = step.offset + length;
  const to = unit === 'bytes' ? end : ((end + size - 1n) / size) * size;
  const result =
    step.offset < 0n || length < 1n ? undefined : follow(state, step.map, access, from, to, world.pageSize);
  known = { state, step, access, reach: result };
  return result;
}

function follow(
  state: State,
  name: string,
  access: Access,
  offset: bigint,
  end: bigint,
  pageSize: number,
): Reach | undefined {
  const map = mapOf(state, name);
  const size = BigInt(pageSize);
  const start = placeOf(offset, pageSize);
  const last = (end - 1n) / size;
  if (!map || last * size >= map.it.length) return undefined;
  const pages = reachable(state, map.it, start.page, Number(last) + 1, access);
  const stop = start.page + pages;
  const finding = stop <= Number(last) ? find(state, map.it, stop, access) : 'page';
  if (finding === 'nothing mapped' && mayBeReused(state, map)) return undefined;
  const boundary = BigInt(stop) * size;
  const at = boundary > offset ? boundary : offset;
  const bytes = (finding === 'page' ? end : at) - offset;
  return { map, start, pages, bytes: Number(bytes), finding, at };
}

/** The kernel puts a new mapping into the highest hole that is large enough. */
export function mayBeReused(state: State, { id }: Found<Mapping>): boolean {
  const { maps, hiddenMap } = self(state);
  if (hiddenMap !== undefined && hiddenMap > id) return true;
  for (const other of maps.keys()) if (other > id) return true;
  return false;
}

/** The state after the pages that an access found were touched. */
export function reached(state: State, r: Reach | undefined): State {
  return r && r.pages > 0 ? touched(state, r.map, r.start.page, r.start.page + r.pages) : state;
}
