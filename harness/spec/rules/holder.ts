// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import type { Access } from '../core/host-pages.js';

/** How a way to hold pages takes them, and what becomes of them. */
export interface Holder {
  /** The rule that says that it holds. */
  readonly rule: string;
  readonly access: Access;
  /** It holds pages for single bytes of them, or takes whole pages only. */
  readonly unit: 'bytes' | 'pages';
  /** The holder can read the first bytes, and `unpin` reports them. */
  readonly reads?: true;
  /** It takes the part of a range that it can have, which is trouble for the program and no refusal. */
  readonly partly?: true;
  /** A pipe, which every process that has it empties a bit. */
  readonly pipe?: true;
  /** An address space for devices, of the process that opened it first. */
  readonly space?: true;
}

const GUP: Omit<Holder, 'access'> = { rule: 'gmem.pin.gup-longterm', unit: 'pages', reads: true };
const SPLICE: Omit<Holder, 'unit'> = {
  rule: 'gmem.pin.vmsplice',
  access: 'get fast',
  reads: true,
  partly: true,
  pipe: true,
};

export const HOLDERS: Readonly<Record<PinWay, Holder>> = {
  gup_longterm: { ...GUP, access: 'get to write' },
  gup_longterm_read: { ...GUP, access: 'get' },
  gup_longterm_fast: { ...GUP, access: 'get to write' },
  vmsplice: { ...SPLICE, unit: 'bytes' },
  vmsplice_gift: { ...SPLICE, unit: 'pages' },
  vmsplice_half: { ...SPLICE, unit: 'pages' },
  io_uring: { rule: 'gmem.pin.io-uring', access: 'get to write', unit: 'bytes' },
  // The device is written, the memory is read.
  o_direct: { rule: 'gmem.pin.o-direct', access: 'get fast', unit: 'pages', partly: true },
  vfio: { rule: 'gmem.pin.vfio', access: 'get to write', unit: 'pages', space: true },
  iommufd: { rule: 'gmem.pin.iommufd', access: 'get to write', unit: 'pages', space: true },
};
