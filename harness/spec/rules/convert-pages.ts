// SPDX-License-Identifier: GPL-2.0-only
import { zapped } from '../core/host-pages.js';
import type { Report } from '../core/outcome.js';
import { firstHeld as heldFrom, perhapsHeld } from '../core/pins.js';
import { covers, firstIn, NOWHERE, put, within } from '../core/ranges.js';
import { always, effect, mayRefuse, refuse, succeed } from '../core/rule.js';
import type { Effect, Rule } from '../core/rule.js';
import { withGmemChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import { answered, fileOf, isWritable, offsetOf, pagesOf, target, untouched } from './convert-request.js';
import type { Converting, Request } from './convert-request.js';

const NONE = Infinity;

/** The first page of the range that memory failure took and that nobody freed; its handler holds it. */
function firstPoisoned(v: Request): number {
  return firstIn(fileOf(v)?.it.poisoned ?? NOWHERE, ...pagesOf(v)) ?? NONE;
}

/** The first page of the range that somebody got hold of while it was shared. */
function firstHeld(v: Request): number {
  const file = fileOf(v);
  return (file && heldFrom(v.state, file.id, ...pagesOf(v))) ?? NONE;
}

/** Pages before it that are still held, or not any more, by a process that has ended. */
function perhapsInUse(v: Request): number[] {
  const file = fileOf(v);
  if (!file || target(v) !== 'private') return [];
  const sure = Math.min(firstHeld(v), firstPoisoned(v));
  return perhapsHeld(v.state, file.id, ...pagesOf(v)).filter((page) => page < sure);
}

/** Whether any page of the range is not in the state that was asked for. */
function changes(v: Request): boolean {
  const file = fileOf(v);
  if (!file) return false;
  const [from, to] = pagesOf(v);
  const known = within(file.it.states, from, to);
  const untold = file.it.initial !== target(v) && !covers(known, from, to);
  return untold || known.some((run) => run.value !== target(v));
}

const toPrivate = (v: Request): boolean => target(v) === 'private';
const isPoisoned = (v: Request): boolean => toPrivate(v) && firstPoisoned(v) < firstHeld(v);
const isHeld = (v: Request): boolean => toPrivate(v) && firstHeld(v) !== NONE;

/** Whether somebody else may use a page in this moment. */
const isTouched = (v: Request): boolean => v.world.concurrent === true && toPrivate(v) && changes(v);

/** Bytes from the start of the file. */
const offsetIn = (v: Request, page: number): bigint => BigInt(page) * BigInt(v.world.pageSize);

/** The answer that names a page, unless another thread may have been caught at an earlier one. */
function naming(v: Request, page: number): Report {
  return { ...answered(v, offsetIn(v, page)), ...(isTouched(v) && { error_offset: 'any' }) };
}

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

/** Nothing is recorded of a conversion for which there is no room. */
export const ROOM: readonly Rule<Converting>[] = [
  mayRefuse('gmem.attr.enomem', 'ENOMEM', (v) => v.world.has('failing-allocations') && changes(v), {
    report: (v) => answered(v, offsetOf(v)),
  }),
];

/**
 * Pages in use are refused. The search begins after the host's page tables are cleared, which stays so.
 * @param id the rule that demands EAGAIN
 * @param unmapping the rule that says so of the page tables
 */
export function refusals(id: string, unmapping: string): readonly Rule<Converting>[] {
  const unmaps = [effect<Converting>(unmapping, unmapped)];
  return [
    mayRefuse(
      'gmem.attr.eagain-efault-masks',
      'EFAULT',
      (v) => !isWritable(v) && perhapsInUse(v).length > 0,
      {
        report: untouched,
        effects: unmaps,
      },
    ),
    mayRefuse('gmem.pin.ends-with-process', 'EAGAIN', (v) => isWritable(v) && perhapsInUse(v).length > 0, {
      report: (v) => ({ ...answered(v, 0n), error_offset: perhapsInUse(v).map((page) => offsetIn(v, page)) }),
      effects: unmaps,
    }),
    refuse('gmem.attr.eagain-efault-masks', 'EFAULT', (v) => !isWritable(v) && (isPoisoned(v) || isHeld(v)), {
      report: untouched,
      effects: unmaps,
    }),
    refuse('gmem.pin.poisoned', 'EAGAIN', isPoisoned, {
      report: (v) => naming(v, firstPoisoned(v)),
      effects: unmaps,
    }),
    refuse(id, 'EAGAIN', isHeld, { report: (v) => naming(v, firstHeld(v)), effects: unmaps }),
    mayRefuse('gmem.attr.eagain-efault-masks', 'EFAULT', (v) => !isWritable(v) && isTouched(v), {
      report: untouched,
      effects: unmaps,
    }),
    mayRefuse('gmem.pin.concurrent-access', 'EAGAIN', (v) => isWritable(v) && isTouched(v), {
      report: (v) => naming(v, 0),
      effects: unmaps,
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
