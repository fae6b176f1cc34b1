// SPDX-License-Identifier: GPL-2.0-only
import { zapped } from '../core/host-pages.js';
import { firstIn, put } from '../core/ranges.js';
import { always, effect, mayRefuse, refuse, succeed } from '../core/rule.js';
import type { Effect, Rule } from '../core/rule.js';
import { withGmemChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import { answered, fileOf, isWritable, offsetOf, pagesOf, target, untouched } from './convert-request.js';
import type { Converting, Request } from './convert-request.js';

/** Pages of the file that somebody holds: pins, and the handler of memory failure. */
function firstInUse(v: Request): number | undefined {
  const file = fileOf(v);
  if (!file) return undefined;
  const [from, to] = pagesOf(v);
  const held = [...v.state.pins.values()].filter((pin) => pin.gmem === file.id).map((pin) => pin.pages);
  const first = [file.it.poisoned, ...held].flatMap((pages) => firstIn(pages, from, to) ?? []);
  return first.length === 0 ? undefined : Math.min(...first);
}

const toPrivate = (v: Request): boolean => target(v) === 'private';
const inUse = (v: Request): boolean => toPrivate(v) && firstInUse(v) !== undefined;

/** Offset of the first page in use, bytes from the start of the file. */
const offender = (v: Request): bigint => BigInt(firstInUse(v) ?? 0) * BigInt(v.world.pageSize);

/** The host finds no page of the range in its page tables any more, in any process. */
function unmapped(v: Request): State {
  const file = fileOf(v);
  return file ? zapped(v.state, file.id, ...pagesOf(v)) : v.state;
}

/** The state of the pages is the one that was asked for. */
function converted(v: Request): State {
  const file = fileOf(v);
  if (!file) return v.state;
  const states = put(file.it.states, ...pagesOf(v), target(v));
  return withGmemChanged(v.state, file.id, { states });
}

const refused = { effects: [effect('gmem.pin.eagain-unmaps-range', unmapped)] };

/**
 * Pages in use are refused. The search begins after the host's page tables are cleared, which stays so.
 * @param id the rule that demands EAGAIN
 */
export function refusals(id: string): readonly Rule<Converting>[] {
  return [
    refuse('gmem.attr.eagain-efault-masks', 'EFAULT', (v) => inUse(v) && !isWritable(v), {
      report: untouched,
      ...refused,
    }),
    refuse(id, 'EAGAIN', inUse, { report: (v) => answered(v, offender(v)), ...refused }),
    mayRefuse('gmem.pin.concurrent-access', 'EAGAIN', (v) => v.world.concurrent === true && toPrivate(v), {
      report: (v) => ({ ...answered(v, offsetOf(v)), error_offset: 'any' }),
      ...refused,
    }),
  ];
}

/** What a request that is granted changes: everything or, with an error, nothing. */
export function granted(id: string, contents: readonly Effect<Converting>[] = []): Rule<Converting> {
  return succeed(id, always, {
    report: untouched,
    effects: [
      effect('gmem.host.private-every-mapping', (v) => (toPrivate(v) ? unmapped(v) : v.state)),
      effect('gmem.state.exact-range', converted),
      ...contents,
    ],
  });
}
