// SPDX-License-Identifier: GPL-2.0-only
import type { MapOp } from '../program/map-ops.js';
import type { StepOf } from '../program/step.js';
import type { SyscallName } from '../uapi/arch.js';
import { blob, imm, plus, ret } from './builder.js';
import type { Arg } from './builder.js';
import type { Lower, LowerContext, MapObject } from './context.js';
import type { WireWidth } from './wire.js';

const MAP_SHARED = 1n;
const MAP_PRIVATE_ANONYMOUS = 0x22n;

export const mmap: Lower<StepOf<'mmap'>> = (cx, s) => {
  const file = s.of === undefined ? imm(-1n, '-1') : cx.fd(s.of).fd;
  const flags = s.flags ?? (s.of === undefined ? MAP_PRIVATE_ANONYMOUS : MAP_SHARED);
  const args = [
    imm(0n, 'NULL'),
    imm(s.length),
    imm(s.prot, prot(s.prot)),
    imm(flags, mapFlags(flags)),
    file,
    imm(s.offset),
  ];
  const main = cx.b.syscall('mmap', args, { mapping: true, result: s.as });
  cx.objects.set(s.as, { kind: 'map', base: ret(main, s.as), op: main });
  return { main };
};

export const load: Lower<StepOf<'load'>> = (cx, s) => {
  const map = cx.map(s.map);
  const main = cx.b.load(plus(map.base, s.offset), width(s.width));
  return { main, map, fields: (r) => ({ value: BigInt.asUintN(64, r.op(main).ret) }) };
};

export const store: Lower<StepOf<'store'>> = (cx, s) => {
  const map = cx.map(s.map);
  return { main: cx.b.store(plus(map.base, s.offset), width(s.width), imm(s.value)), map };
};

export const fallocate: Lower<StepOf<'fallocate'>> = (cx, s) => {
  const args = [cx.fd(s.on).fd, imm(s.mode), imm(s.offset), imm(s.length)];
  return { main: cx.b.syscall('fallocate', args, { timeoutMs: 5000 }) };
};

export const mapOp: Lower<StepOf<'map_op'>> = (cx, s) => {
  const map = cx.map(s.map);
  const at = plus(map.base, s.offset);
  const call = MAP_CALLS[s.op](cx, at, s);
  const main = cx.b.syscall(call.name, call.args, s.op === 'mremap' ? { mapping: true, result: s.map } : {});
  // A moved mapping is found at its new address from here on.
  if (s.op === 'mremap')
    cx.objects.set(s.map, { kind: 'map', base: ret(main, s.map), op: main } satisfies MapObject);
  if (s.op !== 'mincore') return { main, fields: (r) => ({ value: r.op(main).ret }) };
  const vec = cx.b.peek(call.out ?? at, 1);
  return { main, fields: (r) => ({ value: BigInt(r.op(vec).data[0] ?? 0) }) };
};

interface Call {
  name: SyscallName;
  args: Arg[];
  out?: Arg;
}

const MREMAP_MAYMOVE = 1n;
const MINCORE_PAGES = 65536n;

const MAP_CALLS: Readonly<Record<MapOp, (cx: LowerContext, at: Arg, s: StepOf<'map_op'>) => Call>> = {
  munmap: (_cx, at, s) => ({ name: 'munmap', args: [at, imm(s.length)] }),
  mprotect: (_cx, at, s) => ({ name: 'mprotect', args: [at, imm(s.length), imm(s.arg, prot(s.arg))] }),
  madvise: (_cx, at, s) => ({ name: 'madvise', args: [at, imm(s.length), imm(s.arg)] }),
  mlock: (_cx, at, s) => ({ name: 'mlock', args: [at, imm(s.length)] }),
  msync: (_cx, at, s) => ({ name: 'msync', args: [at, imm(s.length), imm(s.arg)] }),
  mincore: (cx, at, s) => {
    const pages = BigInt.asUintN(64, s.length) / BigInt(cx.b.pageSize) + 1n;
    // A range that no mapping has is refused before anything is written.
    const out = blob(cx.b.alloc(Number(pages < MINCORE_PAGES ? pages : MINCORE_PAGES)), 'vec');
    return { name: 'mincore', args: [at, imm(s.length), out], out };
  },
  mbind: (cx, at, s) => {
    const mask = new Uint8Array(8);
    mask[0] = 1;
    const nodes = blob(cx.b.data(mask), '[0x1]');
    // maxnode counts bits and the kernel drops one.
    return { name: 'mbind', args: [at, imm(s.length), imm(s.arg), nodes, imm(64), imm(0)] };
  },
  mremap: (_cx, at, s) => ({
    name: 'mremap',
    args: [at, imm(s.length), imm(s.arg), imm(MREMAP_MAYMOVE, 'MREMAP_MAYMOVE')],
  }),
};

function width(w: bigint): WireWidth {
  if (w === 1n || w === 2n || w === 4n || w === 8n) return Number(w) as WireWidth;
  throw new RangeError(`expected a width of 1, 2, 4 or 8 bytes, got ${w.toString()}`);
}

const PROTS = ['PROT_READ', 'PROT_WRITE', 'PROT_EXEC'];
function prot(v: bigint): string {
  const names = PROTS.filter((_, i) => (v >> BigInt(i)) & 1n);
  return names.length === 0 ? 'PROT_NONE' : names.join('|');
}

const FLAGS: readonly (readonly [bigint, string])[] = [
  [0x10n, 'MAP_FIXED'],
  [0x20n, 'MAP_ANONYMOUS'],
  [0x2000n, 'MAP_LOCKED'],
  [0x4000n, 'MAP_NORESERVE'],
  [0x8000n, 'MAP_POPULATE'],
];
function mapFlags(v: bigint): string {
  const type = ['0', 'MAP_SHARED', 'MAP_PRIVATE', 'MAP_SHARED_VALIDATE'][Number(v & 3n)] ?? '0';
  const named = FLAGS.filter(([bit]) => v & bit);
  const rest = v & ~3n & ~named.reduce((all, [bit]) => all | bit, 0n);
  return [type, ...named.map(([, name]) => name), ...(rest ? [`0x${rest.toString(16)}`] : [])].join('|');
}
