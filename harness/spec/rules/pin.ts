// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import type { Finding } from '../core/host-pages.js';
import { collected } from '../core/lifetime.js';
import { pinOf } from '../core/look.js';
import type { Pin } from '../core/objects.js';
import type { Report } from '../core/outcome.js';
import { drained, holderReads } from '../core/pins.js';
import { effect, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { self, set, withSelf, without } from '../core/state.js';
import type { State } from '../core/state.js';
import { held } from './hold.js';
import { HOLDERS } from './holder.js';
import type { Holder } from './holder.js';
import { reach, reached } from './reach.js';
import type { Reach } from './reach.js';

/** More than a pipe, or the room that harness/lower has for each hold of devices, is sure to take. */
const MAX_PAGES = 128;
/** Bytes of a pipe that a process reads to see what is in it (harness/lower/hold-pipe.ts). */
const PEEK = 8;

const holderOf = ({ step }: View<'pin'>): Holder => HOLDERS[step.how];

function reachOf(v: View<'pin'>): Reach | undefined {
  const { access, unit } = holderOf(v);
  return reach(v, v.step, access, v.step.length, unit);
}

/** A page of the range cannot be had, and nothing is held. */
const refused = (id: string, finding: Finding): Rule<'pin'> =>
  refuse(id, 'EFAULT', (v) => reachOf(v)?.finding === finding, {
    effects: [effect('gmem.mmap.zero-fill', (v) => reached(withBuffer(v), reachOf(v)))],
  });

/** The buffer that a reader of pins has is mapped with the pin (harness/lower/hold-gup.ts), held or not. */
function withBuffer({ state, step }: View<'pin'>): State {
  return step.how.startsWith('gup') ? withSelf(state, { hiddenMap: state.nextId }) : state;
}

/** A part of the range is held, and the program says that it went wrong. */
const heldInPart = (v: View<'pin'>): boolean =>
  holderOf(v).partly === true && reachOf(v)?.finding !== 'page' && (reachOf(v)?.pages ?? 0) > 0;

const holds = (...ways: readonly PinWay[]): Rule<'pin'> => {
  const { rule } = HOLDERS[ways[0] ?? 'vmsplice'];
  return succeed(rule, (v) => ways.includes(v.step.how), {
    effects: [
      effect('gmem.mmap.zero-fill', (v) => reached(withBuffer(v), reachOf(v))),
      effect(rule, withPin),
    ],
  });
};

function withPin(v: View<'pin'>): State {
  const { step, world } = v;
  const r = reachOf(v);
  if (!r) return v.state;
  const { state, id } = held(v.state, r, step.how);
  const named = withSelf(state, { names: set(self(state).names, step.as, { kind: 'pin', id }) });
  return step.how === 'vmsplice_half' ? drained(named, id, world.pageSize / 2, world.pageSize) : named;
}

/** Taking references to the pages of a mapping that outlive the access. */
export const PIN: readonly Rule<'pin'>[] = [
  silent((v) => reachOf(v) === undefined || v.step.length > BigInt(MAX_PAGES * v.world.pageSize)),
  silent(heldInPart),
  refused('linux.mm.nothing-mapped', 'nothing mapped'),
  refused('gmem.mmap.kernel-respects-protection', 'forbidden'),
  refused('gmem.mmap.guard-region', 'guard'),
  refused('gmem.mmap.poisoned-sigbus', 'failed memory'),
  refused('gmem.mmap.eof-kernel-efault', 'beyond the end'),
  refused('gmem.host.private-pin-efault', 'private'),
  holds('gup_longterm', 'gup_longterm_read', 'gup_longterm_fast'),
  holds('vmsplice', 'vmsplice_gift', 'vmsplice_half'),
  holds('io_uring'),
  holds('o_direct'),
  holds('vfio'),
  holds('iommufd'),
];

const pinIn = ({ state, step }: View<'unpin'>): Pin | undefined => pinOf(state, step.pin)?.it;

/** A child closes its ends of the pipe of its parent, and has read from it. */
const ofParent = (v: View<'unpin'>): boolean => pinIn(v)?.process !== v.state.running;
const isPipe = (v: View<'unpin'>): boolean => {
  const pin = pinIn(v);
  return pin !== undefined && HOLDERS[pin.how].pipe === true;
};

function seen({ state, step, world }: View<'unpin'>): Report {
  const pin = pinOf(state, step.pin)?.it;
  if (!pin || !HOLDERS[pin.how].reads) return {};
  const value = holderReads(state, pin, world.pageSize);
  return { value: typeof value === 'bigint' ? value : 'any' };
}

/** Letting go of what a pin holds. */
export const UNPIN: readonly Rule<'unpin'>[] = [
  // Let go of before; or a request of its parent's ring, which a child cannot wait for.
  silent((v) => pinIn(v) === undefined || (ofParent(v) && pinIn(v)?.how === 'o_direct')),
  succeed('gmem.pin.vmsplice', (v) => ofParent(v) && isPipe(v), {
    report: seen,
    effects: [
      effect('gmem.pin.vmsplice', ({ state, step, world }) => {
        const pin = pinOf(state, step.pin);
        return pin ? drained(state, pin.id, PEEK, world.pageSize) : state;
      }),
    ],
  }),
  succeed('gmem.pin.released', (v) => pinIn(v) !== undefined, {
    report: seen,
    effects: [
      effect('gmem.pin.released', ({ state, step }) => {
        const pin = pinOf(state, step.pin);
        return pin ? collected({ ...state, pins: without(state.pins, pin.id) }) : state;
      }),
    ],
  }),
];
