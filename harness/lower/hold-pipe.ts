// SPDX-License-Identifier: GPL-2.0-only
/** Pages in a pipe: vmsplice takes an ordinary reference (FOLL_GET), for as long as the pipe has a byte of the page. */
import { blob, imm } from './builder.js';
import { peeked } from './hold.js';
import type { HoldMethod } from './hold.js';
import { iov, pipe } from './touch.js';

const SPLICE_F_NONBLOCK = 2n;
const SPLICE_F_GIFT = 8n;
const F_SETPIPE_SZ = 1031n;
/** Pages that a pipe has room for by itself. */
const ROOM = 16n;

function spliced(flags: bigint, text: string, half = false): HoldMethod {
  return (cx, at, length) => {
    const { b } = cx;
    const page = BigInt(b.pageSize);
    const { read, write } = pipe(b);
    if (length > (ROOM - 1n) * page) {
      b.syscall('fcntl', [write, imm(F_SETPIPE_SZ, 'F_SETPIPE_SZ'), imm(2n * length)], { quiet: true });
    }
    const main = b.syscall('vmsplice', [write, iov(b, at, length), imm(1), imm(flags, text)]);
    const drained = half
      ? b.syscall('read', [read, blob(b.alloc(b.pageSize), 'buffer'), imm(page / 2n)])
      : undefined;
    return {
      taken: {
        main,
        trouble: (r) => {
          const { ret } = r.op(main);
          if (ret !== length) return `vmsplice took ${ret.toString()} of ${length.toString()} bytes`;
          if (drained === undefined || r.op(drained).ret === page / 2n) return undefined;
          return `read ${r.op(drained).ret.toString()} of ${(page / 2n).toString()} bytes from the pipe`;
        },
      },
      // The last descriptor empties the pipe before close() returns.
      release: ({ b: later }) => {
        const room = later.alloc(8);
        later.syscall('read', [read, blob(room, 'buffer'), imm(8)], { quiet: true });
        const seen = later.peek(blob(room, 'buffer'), 8);
        later.syscall('close', [read], { quiet: true });
        return { main: later.syscall('close', [write]), fields: (r) => ({ value: peeked(r, seen) }) };
      },
    };
  };
}

export const vmsplice = spliced(SPLICE_F_NONBLOCK, 'SPLICE_F_NONBLOCK');
export const vmspliceGift = spliced(SPLICE_F_NONBLOCK | SPLICE_F_GIFT, 'SPLICE_F_NONBLOCK|SPLICE_F_GIFT');
export const vmspliceHalf = spliced(SPLICE_F_NONBLOCK, 'SPLICE_F_NONBLOCK', true);
