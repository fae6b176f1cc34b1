// SPDX-License-Identifier: GPL-2.0-only
/** Arbitrary values of the wire format; programs that can be encoded, not programs that make sense. */
import fc from 'fast-check';
import type { WireArg, WireHello, WireOp, WireProgram, WireReply, WireResult } from '../lower/wire.js';

const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const width = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

export const wireArg: fc.Arbitrary<WireArg> = fc.oneof(
  fc.record({ kind: fc.constantFrom('imm' as const, 'blob' as const), add: u64 }),
  fc.record({
    kind: fc.constantFrom('ret' as const, 'mem32' as const, 'mem64' as const),
    ref: u32,
    add: u64,
  }),
);

export const wireOp: fc.Arbitrary<WireOp> = fc.oneof(
  fc.record({
    code: fc.constant('syscall' as const),
    nr: u32,
    args: fc.array(wireArg, { maxLength: 6 }),
    timeoutMs: u32,
    resultIsFd: fc.boolean(),
    resultIsMapping: fc.boolean(),
    evenIfBroken: fc.boolean(),
  }),
  fc.record({ code: fc.constant('patch' as const), offset: u32, width, value: wireArg }),
  fc.record({ code: fc.constant('load' as const), addr: wireArg, width }),
  fc.record({ code: fc.constant('store' as const), addr: wireArg, width, value: wireArg }),
  fc.record({ code: fc.constant('peek' as const), addr: wireArg, length: u32 }),
  fc.record({ code: fc.constant('poke' as const), addr: wireArg, offset: u32, length: u32 }),
  fc.record({ code: fc.constantFrom('fork' as const, 'parallel' as const), count: u32 }),
  fc.record({ code: fc.constant('thread' as const), count: u32, skew: u32 }),
);

export const wireProgram: fc.Arbitrary<WireProgram> = fc.record({
  timeoutMs: u32,
  blob: bytes(64),
  ops: fc.array(wireOp, { maxLength: 12 }),
});

const wireResult: fc.Arbitrary<WireResult> = fc.record({
  status: fc.constantFrom('not-run', 'done', 'fault', 'dependency', 'in-flight'),
  ret: i64,
  errno: i32,
  signal: u8,
  code: i32,
  faultAddress: u64,
  timedOut: fc.boolean(),
  durationNs: u64,
  data: bytes(16),
});

export const wireReply: fc.Arbitrary<WireReply> = fc.record({
  end: fc.constantFrom('complete', 'timeout', 'stuck', 'died'),
  signal: u8,
  blobAddress: u64,
  results: fc.array(wireResult, { maxLength: 12 }),
});

export const wireHello: fc.Arbitrary<WireHello> = fc.record({
  protocol: fc.constant(1),
  machine: fc.string({ unit: 'grapheme', maxLength: 20 }),
  release: fc.string({ unit: 'grapheme', maxLength: 20 }),
  pageSize: u32,
  executor: fc.string({ maxLength: 20 }),
  features: fc
    .constantFrom<WireHello['features'][]>(
      [],
      ['fork'],
      ['signals'],
      ['fork', 'signals'],
      ['fork', 'threads'],
    )
    .map((f) => [...f]),
});
