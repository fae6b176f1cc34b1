// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random harmless programs and a second opinion on what they do: a few lines that interpret them over two byte
 * arrays, so that a real executor can be compared with it op by op.
 */
import fc from 'fast-check';
import type { WireArg, WireOp, WireProgram, WireReply, WireWidth } from '../lower/wire.js';
import { argsOf } from './wire-check.js';
import { blobAt, imm, mmapAnonymous, retOf, syscall } from './programs.test-helper.js';

const BLOB_BYTES = 64;
/** Op 0 maps this much. */
const MAP_BYTES = 4096;
/** Never mapped: below any mmap_min_addr a test machine has. */
const BAD_ADDRESS = 8n;

const offset = fc.integer({ min: 0, max: BLOB_BYTES - 8 });
const width = fc.constantFrom<WireWidth[]>(1, 2, 4, 8);
const place = fc.oneof(
  { weight: 8, arbitrary: offset.map(blobAt) },
  { weight: 8, arbitrary: offset.map((add) => retOf(0, add)) },
  { weight: 1, arbitrary: fc.constant(imm(BAD_ADDRESS)) },
);

function value(index: number): fc.Arbitrary<WireArg> {
  const add = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  return fc.oneof(
    fc.record({ kind: fc.constant('imm' as const), add }),
    fc.record({ kind: fc.constantFrom('mem32' as const, 'mem64' as const), ref: offset, add }),
    fc.record({ kind: fc.constant('ret' as const), ref: fc.nat(index - 1), add }),
  );
}

function op(index: number): fc.Arbitrary<WireOp> {
  const length = fc.integer({ min: 0, max: 8 });
  return fc.oneof(
    fc.record({ code: fc.constant('patch' as const), offset, width, value: value(index) }),
    fc.record({ code: fc.constant('load' as const), addr: place, width }),
    fc.record({ code: fc.constant('store' as const), addr: place, width, value: value(index) }),
    fc.record({ code: fc.constant('peek' as const), addr: place, length: fc.integer({ min: 1, max: 8 }) }),
    // Into the mapping only: the format leaves open what a poke onto its own source does.
    fc.record({
      code: fc.constant('poke' as const),
      addr: offset.map((add) => retOf(0, add)),
      offset,
      length,
    }),
    // Two calls that always fail.
    fc.constant(syscall('close', [imm(-1)])),
    fc.boolean().map((evenIfBroken) => syscall('lseek', [imm(-1), retOf(index - 1)], { evenIfBroken })),
  );
}

/** Programs of up to 24 ops after the mapping that op 0 makes. */
export const randomProgram: fc.Arbitrary<WireProgram> = fc
  .integer({ min: 0, max: 24 })
  .chain((count) =>
    fc.record({
      timeoutMs: fc.constant(20_000),
      blob: fc.uint8Array({ minLength: BLOB_BYTES, maxLength: BLOB_BYTES }),
      ops: fc.tuple(...Array.from({ length: count }, (_, i) => op(i + 1))),
    }),
  )
  .map((program) => ({ ...program, ops: [mmapAnonymous(MAP_BYTES), ...program.ops] }));

/** The part of a result that does not depend on the executor. */
export interface Outcome {
  status: 'done' | 'fault' | 'dependency';
  ret: bigint;
  data: number[];
}

interface Model {
  blobAddress: bigint;
  mapAddress: bigint;
  memory: { start: bigint; bytes: Buffer }[];
  blob: Buffer;
  outcomes: Outcome[];
}

function evaluate(model: Model, arg: WireArg): bigint {
  const word = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  switch (arg.kind) {
    case 'imm':
      return arg.add;
    case 'blob':
      return model.blobAddress + arg.add;
    case 'ret':
      return BigInt.asUintN(64, (model.outcomes[arg.ref]?.ret ?? 0n) + arg.add);
    case 'mem32':
      return BigInt.asUintN(64, word(model.blob.subarray(arg.ref, arg.ref + 4)) + arg.add);
    case 'mem64':
      return BigInt.asUintN(64, word(model.blob.subarray(arg.ref, arg.ref + 8)) + arg.add);
  }
}

function bytesAt(model: Model, address: bigint, length: number): Buffer | undefined {
  const area = model.memory.find(
    ({ start, bytes }) => address >= start && address < start + BigInt(bytes.length),
  );
  const from = Number(address - (area?.start ?? 0n));
  return area?.bytes.subarray(from, from + length);
}

const bytesOf = (value: bigint, width: number): Buffer =>
  Buffer.from(BigInt.asUintN(64, value).toString(16).padStart(16, '0'), 'hex').reverse().subarray(0, width);

function step(model: Model, op: WireOp, index: number): Outcome {
  const done = (ret: bigint, data: number[] = []): Outcome => ({ status: 'done', ret, data });
  const forgiving = op.code === 'syscall' && op.evenIfBroken;
  const broken = argsOf(op).some(
    (arg) => arg.kind === 'ret' && (model.outcomes[arg.ref]?.status !== 'done' || failed(model, arg.ref)),
  );
  if (broken && !forgiving) return { status: 'dependency', ret: -1n, data: [] };
  if (op.code === 'syscall') return index === 0 ? done(model.mapAddress) : done(-1n);
  if (op.code === 'fork' || op.code === 'parallel' || op.code === 'thread')
    throw new Error('the model has one thread');
  const [first = 0n, second = 0n] = argsOf(op).map((arg) => evaluate(model, arg));
  if (op.code === 'patch') {
    bytesOf(first, op.width).copy(model.blob, op.offset);
    return done(0n);
  }
  const length = 'width' in op ? op.width : op.length;
  const target = bytesAt(model, first, length);
  if (!target) return { status: 'fault', ret: -1n, data: [] };
  if (op.code === 'load') return done(BigInt(`0x${Buffer.from(target).reverse().toString('hex')}`));
  if (op.code === 'peek') return done(0n, [...target]);
  const source =
    op.code === 'store' ? bytesOf(second, length) : model.blob.subarray(op.offset, op.offset + length);
  for (let i = 0; i < length; i++) target[i] = source[i] ?? 0;
  return done(0n);
}

/** System calls after the first all fail, by construction. */
function failed(model: Model, ref: number): boolean {
  return ref > 0 && model.outcomes[ref]?.ret === -1n && model.outcomes[ref].status === 'done';
}

/** What every op of a random program must have done, given the addresses that the executor chose. */
export function expectedOutcomes(program: WireProgram, reply: WireReply): Outcome[] {
  const blob = Buffer.from(program.blob);
  const mapAddress = reply.results[0]?.ret ?? 0n;
  const memory = [
    { start: reply.blobAddress, bytes: blob },
    { start: mapAddress, bytes: Buffer.alloc(MAP_BYTES) },
  ];
  const model: Model = { blobAddress: reply.blobAddress, mapAddress, memory, blob, outcomes: [] };
  for (const [index, op] of program.ops.entries()) model.outcomes.push(step(model, op, index));
  return model.outcomes;
}

/** What every op of a program did, in the same form. */
export function seenOutcomes(reply: WireReply): { status: string; ret: bigint; data: number[] }[] {
  return reply.results.map(({ status, ret, data }) => ({ status, ret, data: [...data] }));
}
