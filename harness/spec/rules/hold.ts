// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import { gmemBehind } from '../core/host-pages.js';
import { ZERO } from '../core/memory.js';
import type { Pin } from '../core/objects.js';
import { NOWHERE, put } from '../core/ranges.js';
import { self, set, withSelf } from '../core/state.js';
import type { Id, State } from '../core/state.js';
import { HOLDERS } from './holder.js';
import type { Reach } from './reach.js';

/**
 * The state after references were taken to the pages that an access found, which nobody has a name for yet.
 * A device's address space is of the process that opened it first, and its children map into it.
 */
export function held(
  state: State,
  { map, start, pages, bytes }: Reach,
  how: PinWay,
): { state: State; id: Id } {
  const id = state.nextId;
  const gmem = gmemBehind(state, map.it)?.id;
  const first = map.it.firstPage + start.page;
  const pin: Pin = {
    how,
    process: self(state).spaces?.get(how) ?? state.running,
    ...(gmem !== undefined && { gmem }),
    pages: put(NOWHERE, first, first + pages, true),
    start: { page: first, byte: start.byte },
    length: bytes,
    orphans: ZERO,
  };
  const grown = { ...state, nextId: id + 1, pins: set(state.pins, id, pin) };
  return { id, state: HOLDERS[how].space ? withSelf(grown, { spaces: owned(grown, how) }) : grown };
}

/** Address spaces for devices that the running process knows of; it opens one that it does not know. */
function owned(state: State, how: PinWay): ReadonlyMap<PinWay, Id> {
  const spaces = self(state).spaces ?? new Map<PinWay, Id>();
  return spaces.has(how) ? spaces : set(spaces, how, state.running);
}
