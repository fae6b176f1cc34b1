// SPDX-License-Identifier: GPL-2.0-only
import { gmemBehind } from './host-pages.js';
import type { Found } from './look.js';
import { filled, readAt, writeAt, ZERO } from './memory.js';
import type { Contents, Word } from './memory.js';
import type { Mapping } from './objects.js';
import { set, withGmemChanged } from './state.js';
import type { State } from './state.js';

/** A byte of a mapping. */
export interface Place {
  /** Counted from the start of the mapping. */
  readonly page: number;
  /** Counted from the start of the page. */
  readonly byte: number;
}

/** The page and byte of an offset, bytes from the start of a mapping. */
export function placeOf(offset: bigint, pageSize: number): Place {
  const page = BigInt(pageSize);
  return { page: Number(offset / page), byte: Number(offset % page) };
}

/** What is behind a mapping: pages of a file, or anonymous memory. The first page of it is `firstPage`. */
export function contentsBehind(state: State, map: Mapping): Contents {
  const gmem = gmemBehind(state, map);
  if (gmem) return gmem.it.contents;
  return (map.memory === undefined ? undefined : state.memories.get(map.memory)?.contents) ?? ZERO;
}

/** The state with other contents behind a mapping. */
export function withContents(state: State, map: Mapping, contents: Contents): State {
  const gmem = gmemBehind(state, map);
  if (gmem) return withGmemChanged(state, gmem.id, { contents });
  const memory = map.memory === undefined ? undefined : state.memories.get(map.memory);
  if (map.memory === undefined || !memory) return state;
  return { ...state, memories: set(state.memories, map.memory, { ...memory, contents }) };
}

/**
 * What a mapping shows.
 * @param width 1, 2, 4 or 8 bytes
 */
export function shown(state: State, map: Mapping, at: Place, width: number, pageSize: number): Word {
  return readAt(contentsBehind(state, map), pageSize, map.firstPage + at.page, at.byte, width);
}

/** The state after a store of the low `width` bytes of a value. */
export function stored(
  state: State,
  map: Mapping,
  at: Place,
  width: number,
  value: Word,
  pageSize: number,
): State {
  const contents = contentsBehind(state, map);
  return withContents(
    state,
    map,
    writeAt(contents, pageSize, map.firstPage + at.page, at.byte, width, value),
  );
}

/** The state after the kernel copied `length` bytes into a mapping that are all `fill`, or random. */
export function copied(
  state: State,
  { it }: Found<Mapping>,
  at: Place,
  length: number,
  fill: number | 'noise',
  pageSize: number,
): State {
  const contents = contentsBehind(state, it);
  return withContents(state, it, filled(contents, pageSize, it.firstPage + at.page, at.byte, length, fill));
}
