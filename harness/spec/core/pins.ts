// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import { readAt } from './memory.js';
import type { Contents, PageContent, Word } from './memory.js';
import type { Pin } from './objects.js';
import { at, firstIn, put } from './ranges.js';
import { set, without } from './state.js';
import type { Id, State } from './state.js';

/** A worker takes down the ring of a process after its end (io_uring/io_uring.c io_ring_exit_work). */
const RINGS: readonly PinWay[] = ['io_uring', 'o_direct'];

/** The state when a process ends: what it held is let go, by and by what its rings held. */
export function withHoldsEnded(state: State, process: Id): State {
  let { pins } = state;
  for (const [id, pin] of state.pins) {
    if (pin.process !== process) continue;
    pins = RINGS.includes(pin.how) ? set(pins, id, { ...pin, ending: true }) : without(pins, id);
  }
  return { ...state, pins };
}

/** The state after so much time that what was to be let go is. */
export function withHoldsSettled(state: State): State {
  let { pins } = state;
  for (const [id, pin] of state.pins) if (pin.ending) pins = without(pins, id);
  return { ...state, pins };
}

/** The first page of a range of a guest_memfd that someone holds. */
export function firstHeld(state: State, gmem: Id, from: number, to: number): number | undefined {
  return lowest(
    [...state.pins.values()]
      .filter((pin) => pin.gmem === gmem && !pin.ending)
      .map((pin) => firstIn(pin.pages, from, to)),
  );
}

/** Pages of a range, the first of each hold, that someone may still hold whose process has ended. */
export function perhapsHeld(state: State, gmem: Id, from: number, to: number): number[] {
  return [...state.pins.values()]
    .filter((pin) => pin.gmem === gmem && pin.ending)
    .map((pin) => firstIn(pin.pages, from, to))
    .filter((page) => page !== undefined);
}

function lowest(pages: readonly (number | undefined)[]): number | undefined {
  const all = pages.filter((page) => page !== undefined);
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** The state when pages of a guest_memfd leave the file: who holds them keeps them with what is in them. */
export function orphaned(state: State, gmem: Id, from: number, to: number): State {
  let { pins } = state;
  for (const [id, pin] of state.pins) {
    if (pin.gmem !== gmem || firstIn(pin.pages, from, to) === undefined) continue;
    const contents = state.gmems.get(gmem)?.contents;
    const orphans = new Map<number, PageContent>(pin.orphans);
    for (const page of [pin.start.page, pin.start.page + 1]) {
      const content = contents?.get(page);
      if (content && page >= from && page < to && at(pin.pages, page)) orphans.set(page, content);
    }
    pins = set(pins, id, { ...pin, pages: put(pin.pages, from, to, undefined), orphans });
  }
  return { ...state, pins };
}

/** What a holder reads first, at most 8 bytes, the rest zero; `unknown` for memory that is no guest_memfd. */
export function holderReads(state: State, pin: Pin, pageSize: number): Word {
  const contents = pin.gmem === undefined ? undefined : state.gmems.get(pin.gmem)?.contents;
  if (!contents) return 'unknown';
  const { page, byte } = pin.start;
  const seen = new Map<number, PageContent>();
  for (const number of [page, page + 1]) {
    const from: Contents = at(pin.pages, number) ? contents : pin.orphans;
    const content = from.get(number);
    if (content) seen.set(number, content);
  }
  return readAt(seen, pageSize, page, byte, Math.min(8, pin.length));
}

/** The state after bytes of what a pipe holds were read from it; a page that has none left is let go. */
export function drained(state: State, id: Id, bytes: number, pageSize: number): State {
  const pin = state.pins.get(id);
  if (!pin) return state;
  const read = Math.min(bytes, pin.length);
  const byte = pin.start.byte + read;
  const page = pin.start.page + Math.floor(byte / pageSize);
  const length = pin.length - read;
  const from = length > 0 ? page : Infinity;
  return {
    ...state,
    pins: set(state.pins, id, {
      ...pin,
      start: { page, byte: byte % pageSize },
      length,
      pages: put(pin.pages, 0, from, undefined),
    }),
  };
}
