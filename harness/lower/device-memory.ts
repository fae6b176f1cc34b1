// SPDX-License-Identifier: GPL-2.0-only
/**
 * What both user interfaces to an IOMMU have in common. Both pin when a range is mapped, because a device is attached
 * by then, and unpin before the unmapping call returns.
 *
 * The devices are those that kernels/machines gives a guest for this purpose, at fixed addresses on the root bus: one
 * for VFIO containers and one for iommufd, since a group has one owner at a time.
 */
import { blob, imm, plus, ret } from './builder.js';
import type { Arg, Builder } from './builder.js';
import type { Lifted, LowerContext, SpaceObject } from './context.js';
import { peeked } from './hold.js';
import type { Hold } from './hold.js';

/** An ioctl of VFIO or iommufd: both count in the same magic and encode neither size nor direction. */
export const command = (nr: number, name: string): Arg => imm(0x3b00 | nr, name);

/** A member of a structure: offset, width, value. */
export type Member = readonly [number, 4 | 8, Arg];

/** Lay out a structure; the text says what matters of it. */
export function struct(b: Builder, size: number, members: readonly Member[], text: string): Arg {
  const at = b.alloc(size);
  for (const [offset, width, value] of members) b.patch(at + offset, width, value);
  return blob(at, text);
}

/** What the devices of a program see; made by its first hold, kept among its objects. */
export function space(cx: LowerContext, name: string, make: (b: Builder) => SpaceObject): SpaceObject {
  const known = cx.objects.get(name);
  if (known?.kind === 'space') return known;
  const made = make(cx.b);
  cx.objects.set(name, made);
  return made;
}

/** An address for devices that no other hold has: above the window of interrupts, below the reach of 39 bits. */
const freeIova = (b: Builder): bigint => (1n << 32n) + (BigInt(b.ops.length) << 22n);

/** The two calls of an interface, and the members of their structures. */
export interface MappingCalls {
  map: (b: Builder, at: Arg, iova: Arg, length: Arg, text: string) => { command: Arg; argument: Arg };
  /** `size`: offset of the member that says how much to unmap, and afterwards how much was. */
  unmap: (b: Builder, iova: Arg, length: Arg, text: string) => { command: Arg; argument: Arg; size: number };
}

/** Map [at, at + length) for the devices of a space. */
export function mapForDevice(b: Builder, fd: Arg, at: Arg, length: bigint, calls: MappingCalls): Hold {
  const iova = imm(freeIova(b));
  const size = imm(length);
  const where = `iova=${iova.text}, size=${size.text}}`;
  const map = calls.map(b, at, iova, size, `{vaddr=${at.text}, ${where}`);
  const main = b.syscall('ioctl', [fd, map.command, map.argument]);
  return {
    taken: { main },
    release: ({ b: later }): Lifted => {
      const unmap = calls.unmap(later, iova, size, `{${where}`);
      // The last argument says what the call depends on.
      const end = later.syscall('ioctl', [fd, unmap.command, unmap.argument, ret(main, '0')]);
      const seen = later.peek(plus(unmap.argument, BigInt(unmap.size)), 8);
      return {
        main: end,
        trouble: (r) => {
          const done = peeked(r, seen);
          return done === length ? undefined : `unmapped ${done.toString()} of ${length.toString()} bytes`;
        },
      };
    },
  };
}
