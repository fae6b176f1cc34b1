// SPDX-License-Identifier: GPL-2.0-only
import { zeroed } from '../core/memory.js';
import type { PageContent, Word } from '../core/memory.js';
import type { Gmem } from '../core/objects.js';
import { within, put } from '../core/ranges.js';
import type { Ranges } from '../core/ranges.js';
import { effect, refuse } from '../core/rule.js';
import type { Effect, Rule } from '../core/rule.js';
import { withGmemChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import { hasContentFlags } from './convert-fields.js';
import {
  answered,
  fileOf,
  flagsOf,
  isWritable,
  offsetOf,
  ownerOf,
  pagesOf,
  target,
  untouched,
} from './convert-request.js';
import type { Converting, Request } from './convert-request.js';
import { hasPrivateMemory } from './gmem-flags.js';

const ZERO = 1n;
const PRESERVE = 2n;

const wants = (v: Request, flag: bigint): boolean => (flagsOf(v) & flag) !== 0n;
const typeOf = (v: Request): string => ownerOf(v)?.type ?? '';

const zeroToPrivate = (v: Request): boolean => wants(v, ZERO) && target(v) === 'private';

const withoutPrivateMemory = (v: Request): boolean => {
  const vm = ownerOf(v);
  return vm !== undefined && !hasPrivateMemory(vm) && flagsOf(v) !== 0n;
};

/** Dialect 5 lets firmware preserve what becomes private as long as the guest is not final. */
const preservedByFirmware = (v: Request): boolean =>
  ['snp', 'tdx'].includes(typeOf(v)) &&
  wants(v, PRESERVE) &&
  !(v.world.dialect === 5 && target(v) === 'private');

const unsupported = (v: Request): boolean =>
  zeroToPrivate(v) || withoutPrivateMemory(v) || preservedByFirmware(v);

const refusal = { report: (v: Request) => answered(v, offsetOf(v)) };

/** What no such VM can promise of contents, in dialects 4 and 5; asked before the pages are looked at. */
export const PROMISES: readonly Rule<Converting>[] = [
  refuse('gmem.content.eopnotsupp-copies-out', 'EFAULT', (v) => unsupported(v) && !isWritable(v), {
    report: untouched,
  }),
  refuse('gmem.content.zero-to-private-eopnotsupp', 'EOPNOTSUPP', zeroToPrivate, refusal),
  refuse('gmem.content.default-vm-eopnotsupp', 'EOPNOTSUPP', withoutPrivateMemory, refusal),
  refuse('gmem.content.preserve-snp-tdx', 'EOPNOTSUPP', preservedByFirmware, refusal),
];

/** What a conversion makes of the pages of its range that exist; the others are zero when they come to be. */
export const CONTENTS: readonly Effect<Converting>[] = [
  effect('gmem.content.zero-to-shared', (v) => (wants(v, ZERO) ? withZeroes(v) : v.state)),
  effect('gmem.content.unspecified-scrambles', (v) => (isSpoiled(v) ? withPages(v, 'noise') : v.state)),
  effect('gmem.content.snp-tdx-undefined', (v) =>
    ['snp', 'tdx'].includes(typeOf(v)) && !wants(v, ZERO) ? withPages(v, 'unknown') : v.state,
  ),
];

const isSpoiled = (v: Request): boolean =>
  hasContentFlags(v) && flagsOf(v) === 0n && typeOf(v) === 'sw_protected';

function withZeroes(v: Request): State {
  const file = fileOf(v);
  if (!file) return v.state;
  const contents = zeroed(file.it.contents, ...pagesOf(v));
  return withGmemChanged(v.state, file.id, { contents, used: usedBy(v, file.it) });
}

/** What is written to has been used. */
function usedBy(v: Request, file: Gmem): Ranges<true> {
  const written = within(file.allocated, ...pagesOf(v));
  return written.reduce((used, { from, to }) => put(used, from, to, true), file.used);
}

/** Every word of the pages that exist is random, or whatever the firmware left there. */
function withPages(v: Request, word: 'noise' | 'unknown'): State {
  const file = fileOf(v);
  if (!file) return v.state;
  const contents = new Map(file.it.contents);
  for (const { from, to } of within(file.it.allocated, ...pagesOf(v))) {
    for (let page = from; page < to; page++) contents.set(page, pageFullOf(word, v.world.pageSize));
  }
  return withGmemChanged(v.state, file.id, { contents, used: usedBy(v, file.it) });
}

/** A page that nobody knows a word of: all of them random, or anything at all. */
function pageFullOf(word: 'noise' | 'unknown', pageSize: number): PageContent {
  const key = `${word} ${pageSize}`;
  const known = FULL.get(key);
  if (known) return known;
  const page = new Map(Array.from({ length: pageSize / 8 }, (_, i): [number, Word] => [i, word]));
  FULL.set(key, page);
  return page;
}
const FULL = new Map<string, PageContent>();
