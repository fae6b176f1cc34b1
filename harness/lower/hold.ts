// SPDX-License-Identifier: GPL-2.0-only
import type { Arg } from './builder.js';
import type { Lifted, LowerContext, Results } from './context.js';

/** A hold on pages: the call that takes it, and how it is let go. */
export interface Hold {
  taken: Lifted;
  /**
   * Adds the ops after which no page is held any more: nothing is left to a worker or a timer. Where the holder can
   * read, it reports the first 8 bytes that it sees as `value`.
   */
  release: (cx: LowerContext) => Lifted;
}

/** Takes a hold on the bytes [at, at + length). */
export type HoldMethod = (cx: LowerContext, at: Arg, length: bigint) => Hold;

/** The u64 that a peek saw at a byte offset; 0 when it did not see so far. */
export function peeked(r: Results, op: number, offset = 0): bigint {
  const { data } = r.op(op);
  if (data.length < offset + 8) return 0n;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(offset, true);
}
