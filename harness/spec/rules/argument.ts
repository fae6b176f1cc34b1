// SPDX-License-Identifier: GPL-2.0-only
import type { Pointer } from '../../program/params.js';

/** Whether the kernel can read a structure that is handed over in this way. */
export const readable = (arg: Pointer): boolean => arg !== 'null' && arg !== 'unmapped' && arg !== 'straddle';

/** Whether the kernel can write it, too. */
export const writable = (arg: Pointer): boolean => readable(arg) && arg !== 'readonly';

/** 2^64, for sums that wrap. */
export const WRAP = 1n << 64n;

/** A number as a register holds it. */
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);

/** Whether a number is a multiple of the page size. */
export const pageAligned = (value: bigint, pageSize: number): boolean => value % BigInt(pageSize) === 0n;

/** The page that a byte is in. */
export const pageOf = (byte: bigint, pageSize: number): number => Number(byte / BigInt(pageSize));

/** How many pages bytes from the start of a page on reach into. */
export const pagesIn = (bytes: bigint, pageSize: number): number =>
  Number((bytes + BigInt(pageSize) - 1n) / BigInt(pageSize));

/** Whether a bit of `value` is not among `known`. */
export const hasOtherBits = (value: bigint, known: bigint): boolean =>
  (BigInt.asUintN(64, value) & ~known) !== 0n;
