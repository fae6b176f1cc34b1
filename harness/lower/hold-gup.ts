// SPDX-License-Identifier: GPL-2.0-only
/** Long-term pins by mm/gup_test.c. The pages belong to the open file, so that every hold opens its own. */
import { blob, imm, ret } from './builder.js';
import type { Builder } from './builder.js';
import { openAt } from './context.js';
import { peeked } from './hold.js';
import type { HoldMethod } from './hold.js';
import { anonymous } from './pointer.js';

const PATH = '/sys/kernel/debug/gup_test';
const START = imm(0x40186707n, 'PIN_LONGTERM_TEST_START');
const STOP = imm(0x6708n, 'PIN_LONGTERM_TEST_STOP');
const READ = imm(0x40086709n, 'PIN_LONGTERM_TEST_READ');
const WRITE_FLAG = 1;
const FAST_FLAG = 2;

function longterm(flags: number, text: string): HoldMethod {
  return ({ b }, at, length) => {
    const file = ret(openAt(b, PATH, 2n, 'O_RDWR', 'gup_test', true), 'gup_test');
    const args = b.alloc(24);
    b.patch(args, 8, at);
    b.patch(args + 8, 8, imm(length));
    b.patch(args + 16, 4, imm(flags));
    const shown = `{addr=${at.text}, size=${imm(length).text}, flags=${text}}`;
    const main = b.syscall('ioctl', [file, START, blob(args, shown)]);
    // Reads every pinned page, and fails when there are none. The last argument only says what it depends on.
    const copy = ret(anonymous(b, length, 3n), 'copy');
    const into = b.alloc(8);
    b.patch(into, 8, copy);
    const read = (by: Builder): number =>
      by.syscall('ioctl', [file, READ, blob(into, 'copy'), ret(main, 'pin')], { quiet: true });
    read(b);
    return {
      taken: { main },
      release: ({ b: later }) => {
        read(later);
        const seen = later.peek(copy, 8);
        const stop = later.syscall('ioctl', [file, STOP, ret(main, '0')]);
        return { main: stop, fields: (r) => ({ value: peeked(r, seen) }) };
      },
    };
  };
}

export const gupLongterm = longterm(WRITE_FLAG, 'WRITE');
export const gupLongtermRead = longterm(0, '0');
export const gupLongtermFast = longterm(WRITE_FLAG | FAST_FLAG, 'WRITE|FAST');
