// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../program/pin-ways.js';
import type { StepOf } from '../program/step.js';
import { plus } from './builder.js';
import type { Lower } from './context.js';
import type { HoldMethod } from './hold.js';
import { oDirect } from './hold-direct-io.js';
import { gupLongterm, gupLongtermFast, gupLongtermRead } from './hold-gup.js';
import { ioUring } from './hold-io-uring.js';
import { iommufd } from './hold-iommufd.js';
import { vmsplice, vmspliceGift, vmspliceHalf } from './hold-pipe.js';
import { vfio } from './hold-vfio.js';

/** How each way is called, and what it counts in. */
const METHODS: Readonly<Record<PinWay, { hold: HoldMethod; unit: 'bytes' | 'pages' }>> = {
  gup_longterm: { hold: gupLongterm, unit: 'pages' },
  gup_longterm_read: { hold: gupLongtermRead, unit: 'pages' },
  gup_longterm_fast: { hold: gupLongtermFast, unit: 'pages' },
  vmsplice: { hold: vmsplice, unit: 'bytes' },
  vmsplice_gift: { hold: vmspliceGift, unit: 'pages' },
  vmsplice_half: { hold: vmspliceHalf, unit: 'pages' },
  io_uring: { hold: ioUring, unit: 'bytes' },
  o_direct: { hold: oDirect, unit: 'pages' },
  vfio: { hold: vfio, unit: 'pages' },
  iommufd: { hold: iommufd, unit: 'pages' },
};

/** The whole pages that a range of bytes is in. */
function pages(offset: bigint, length: bigint, page: bigint): { offset: bigint; length: bigint } {
  const first = (offset / page) * page;
  return { offset: first, length: ((offset + length + page - 1n) / page) * page - first };
}

export const pin: Lower<StepOf<'pin'>> = (cx, s) => {
  const { hold, unit } = METHODS[s.how];
  const { offset, length } = unit === 'bytes' ? s : pages(s.offset, s.length, BigInt(cx.b.pageSize));
  const map = cx.map(s.map);
  const { taken, release } = hold(cx, plus(map.base, offset), length);
  cx.objects.set(s.as, { kind: 'pin', release });
  return { ...taken, map };
};

export const unpin: Lower<StepOf<'unpin'>> = (cx, s) => cx.pin(s.pin).release(cx);
