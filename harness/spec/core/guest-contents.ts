// SPDX-License-Identifier: GPL-2.0-only
import { fileOf, pageInFile, privateByAttributes, privateByFile, userPage } from './guest-pages.js';
import type { GuestPage } from './guest-pages.js';
import { contentsBehind, withContents } from './host-contents.js';
import { touched, used } from './host-pages.js';
import { readAt, writeAt } from './memory.js';
import type { Word } from './memory.js';
import { at, NOWHERE, put } from './ranges.js';
import { set, withGmemChanged } from './state.js';
import type { State } from './state.js';

/** Whether the guest finds the page of the file, and not what is at userspace_addr. */
export const servedByFile = (page: GuestPage): boolean =>
  privateByAttributes(page) || privateByFile(page) || page.slot?.fileOnly === true;

/** Part of what an access touches, inside of one page. */
export interface Piece {
  readonly page: GuestPage;
  /** From the start of the page. */
  readonly byte: number;
  /** Bytes, and how many of the access come before them. */
  readonly width: number;
  readonly before: number;
}

const SIZE = 8;
const BITS = 8;

/** The same piece in a later state. */
const inState = (piece: Piece, state: State): Piece => ({ ...piece, page: { ...piece.page, state } });

/** What the guest loads, eight bytes from pieces that have memory behind them. */
export function loaded(pieces: readonly Piece[]): Word {
  let value = 0n;
  for (const piece of pieces) {
    const part = partOf(piece);
    if (typeof part !== 'bigint') return part;
    value |= part << BigInt(BITS * piece.before);
  }
  return value;
}

function partOf({ page, byte, width }: Piece): Word {
  const size = page.world.pageSize;
  if (servedByFile(page)) {
    const file = fileOf(page);
    return file ? readAt(file.it.contents, size, pageInFile(page), byte, width) : 'unknown';
  }
  const place = userPage(page);
  if (!place) return 'unknown';
  const { it } = place.map;
  return readAt(contentsBehind(page.state, it), size, it.firstPage + place.page, byte, width);
}

/** The state after a guest stored eight bytes. */
export function storedByGuest(state: State, pieces: readonly Piece[], value: bigint): State {
  return pieces.reduce(
    (s, piece) =>
      withPart(inState(piece, s), BigInt.asUintN(BITS * SIZE, value) >> BigInt(BITS * piece.before)),
    state,
  );
}

function withPart({ page, byte, width }: Piece, value: bigint): State {
  const { state, world } = page;
  if (servedByFile(page)) {
    const file = fileOf(page);
    if (!file) return state;
    const contents = writeAt(file.it.contents, world.pageSize, pageInFile(page), byte, width, value);
    return withGmemChanged(state, file.id, { contents });
  }
  const place = userPage(page);
  if (!place) return state;
  const { it } = place.map;
  const index = it.firstPage + place.page;
  return withContents(
    state,
    it,
    writeAt(contentsBehind(state, it), world.pageSize, index, byte, width, value),
  );
}

/** The state after a guest, or KVM ahead of it, used a page: a page of the file, or of the host's page tables. */
export function usedByGuest(state: State, page: GuestPage): State {
  const now = { ...page, state: withMmio(state, page, undefined) };
  if (servedByFile(now)) {
    const file = fileOf(now);
    return file ? used(now.state, file.id, pageInFile(now), pageInFile(now) + 1) : now.state;
  }
  const place = userPage(now);
  return place ? touched(now.state, place.map, place.page, place.page + 1) : now.state;
}

/** The state with a page of the guest's page tables known as MMIO, or no longer. */
export function withMmio(state: State, { vmId, frame }: GuestPage, known: true | undefined): State {
  const vm = state.vms.get(vmId);
  if (!vm || at(vm.mmio ?? NOWHERE, frame) === known) return state;
  const mmio = put(vm.mmio ?? NOWHERE, frame, frame + 1, known);
  return { ...state, vms: set(state.vms, vmId, { ...vm, mmio }) };
}
