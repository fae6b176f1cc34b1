// SPDX-License-Identifier: GPL-2.0-only
import type { Pointer } from '../program/params.js';
import { encodeStruct, member } from '../uapi/struct.js';
import type { StructLayout, StructValue } from '../uapi/struct.js';
import { blob, imm, plus, ret, show } from './builder.js';
import type { Arg, Builder } from './builder.js';

/** A structure argument in place. */
export interface StructArg {
  arg: Arg;
  /** Where its bytes can be read back after the call; undefined when they cannot. */
  readable?: Arg;
}

/** Run-time values for members: file descriptors and addresses that earlier ops produced. */
export type Patches = Readonly<Record<string, Arg>>;

const PROT_READ = 1n;
const PROT_RW = 3n;
const MAP_PRIVATE_ANONYMOUS = 0x22n;

/** Lay out a structure and hand it over as `pointer` says; contents are the same in every case. */
export function structArg(
  b: Builder,
  layout: StructLayout,
  value: StructValue,
  pointer: Pointer,
  patches: Patches = {},
): StructArg {
  const bytes = encodeStruct(layout, value);
  const text = contents(value, patches);
  const odd = pointer === 'unaligned' ? 1 : 0;
  const room = b.alloc(bytes.length + 8) + odd;
  b.fill(room, bytes);
  for (const [name, arg] of Object.entries(patches)) {
    const m = member(layout, name);
    b.patch(room + m.offset, m.width, arg);
  }
  const page = BigInt(b.pageSize);
  switch (pointer) {
    case 'good':
    case 'unaligned':
      return { arg: blob(room, text), readable: blob(room, text) };
    case 'null':
      return { arg: imm(0n, 'NULL') };
    case 'unmapped':
      return { arg: ret(anonymous(b, page, 0n), 'unmapped') };
    case 'readonly': {
      const base = ret(anonymous(b, page, PROT_RW), 'readonly');
      b.poke(base, room, bytes.length);
      b.syscall('mprotect', [base, imm(page), imm(PROT_READ)], { quiet: true });
      return { arg: { ...base, text: `readonly ${text}` }, readable: base };
    }
    case 'tight': {
      const start = plus(beforeHole(b, page), page - BigInt(bytes.length));
      b.poke(start, room, bytes.length);
      return { arg: { ...start, text: `tight ${text}` }, readable: start };
    }
    case 'straddle': {
      const base = beforeHole(b, page);
      const half = bytes.length / 2;
      const start = plus(base, page - BigInt(half));
      b.poke(start, room, half);
      return { arg: { ...start, text: `straddling ${text}` } };
    }
  }
}

/** A page after which nothing is mapped. */
function beforeHole(b: Builder, page: bigint): Arg {
  const base = ret(anonymous(b, 2n * page, PROT_RW), 'pages');
  b.syscall('munmap', [plus(base, page), imm(page)], { quiet: true });
  return base;
}

/** A quiet mapping of zeros. */
export function anonymous(b: Builder, length: bigint, prot: bigint): number {
  const none = imm(-1n, '-1');
  return b.syscall(
    'mmap',
    [imm(0n, 'NULL'), imm(length), imm(prot), imm(MAP_PRIVATE_ANONYMOUS), none, imm(0n)],
    {
      mapping: true,
      quiet: true,
    },
  );
}

/** `{size=4096, flags=0x4, guest_memfd=gmem}`: members that are zero are left out. */
function contents(value: StructValue, patches: Patches): string {
  const parts = Object.entries(value).flatMap(([name, v]) => {
    if (name in patches) return [];
    if (typeof v === 'bigint') return v === 0n ? [] : [`${name}=${show(v)}`];
    return v.some((x) => x !== 0n) ? [`${name}=[${v.map(show).join(', ')}]`] : [];
  });
  return `{${[...parts, ...Object.entries(patches).map(([name, a]) => `${name}=${a.text}`)].join(', ')}}`;
}
