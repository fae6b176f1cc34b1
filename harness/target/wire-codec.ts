// SPDX-License-Identifier: GPL-2.0-only
/** Programs as the payload of a RUN frame (kernels/agent/PROTOCOL.md, "RUN"). */
import type { WireArg, WireOp, WireProgram, WireWidth } from '../lower/wire.js';

/** A payload that does not say what it should, or a program that no payload can carry. */
export class WireError extends Error {
  override name = 'WireError';
}

const RUN_BYTES = 16;
const OP_BYTES = 112;
const ARG_OFFSET = 16;
const ARG_BYTES = 16;
const MAX_ARGS = 6;
/** Ops of one program. */
export const MAX_OPS = 65_536;

const CODES = { syscall: 1, patch: 2, load: 3, store: 4, peek: 5, poke: 6, fork: 7 } as const;
const KINDS = ['imm', 'ret', 'blob', 'mem32', 'mem64'] as const;
const FLAGS = { resultIsFd: 1, resultIsMapping: 2, evenIfBroken: 4 } as const;

/** The fixed-size form that every op takes on the wire. */
interface FlatOp {
  code: number;
  flags: number;
  number: number;
  timeoutMs: number;
  offset: number;
  args: WireArg[];
}

function flatten(op: WireOp): FlatOp {
  const flat = { code: CODES[op.code], flags: 0, timeoutMs: 0, offset: 0 };
  switch (op.code) {
    case 'syscall': {
      const flags =
        (op.resultIsFd ? FLAGS.resultIsFd : 0) |
        (op.resultIsMapping ? FLAGS.resultIsMapping : 0) |
        (op.evenIfBroken ? FLAGS.evenIfBroken : 0);
      return { ...flat, flags, number: op.nr, timeoutMs: op.timeoutMs, args: op.args };
    }
    case 'patch':
      return { ...flat, number: op.width, offset: op.offset, args: [op.value] };
    case 'load':
      return { ...flat, number: op.width, args: [op.addr] };
    case 'store':
      return { ...flat, number: op.width, args: [op.addr, op.value] };
    case 'peek':
      return { ...flat, number: op.length, args: [op.addr] };
    case 'poke':
      return { ...flat, number: op.length, offset: op.offset, args: [op.addr] };
    case 'fork':
      return { ...flat, number: op.count, args: [] };
  }
}

function writeArg(bytes: Buffer, at: number, arg: WireArg): void {
  bytes.writeUInt8(KINDS.indexOf(arg.kind), at);
  if ('ref' in arg) bytes.writeUInt32LE(arg.ref, at + 4);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, arg.add), at + 8);
}

/**
 * A program as the payload of a RUN frame.
 *
 * @throws WireError when it has more ops or arguments than the format can hold, or a number out of range.
 */
export function encodeProgram(program: WireProgram): Buffer {
  const { ops, blob } = program;
  if (ops.length > MAX_OPS) throw new WireError(`Expected at most ${MAX_OPS} ops, got ${ops.length}`);
  const bytes = Buffer.alloc(RUN_BYTES + ops.length * OP_BYTES + blob.length);
  bytes.writeUInt32LE(program.timeoutMs, 0);
  bytes.writeUInt32LE(blob.length, 4);
  bytes.writeUInt32LE(ops.length, 8);
  for (const [index, op] of ops.entries()) {
    const at = RUN_BYTES + index * OP_BYTES;
    const flat = flatten(op);
    if (flat.args.length > MAX_ARGS) {
      throw new WireError(`op ${index}: expected at most ${MAX_ARGS} arguments, got ${flat.args.length}`);
    }
    try {
      bytes.writeUInt8(flat.code, at);
      bytes.writeUInt8(flat.args.length, at + 1);
      bytes.writeUInt16LE(flat.flags, at + 2);
      bytes.writeUInt32LE(flat.number, at + 4);
      bytes.writeUInt32LE(flat.timeoutMs, at + 8);
      bytes.writeUInt32LE(flat.offset, at + 12);
      for (const [i, arg] of flat.args.entries()) writeArg(bytes, at + ARG_OFFSET + i * ARG_BYTES, arg);
    } catch (cause) {
      throw new WireError(`op ${index} (${op.code}): ${String(cause)}`, { cause });
    }
  }
  bytes.set(blob, RUN_BYTES + ops.length * OP_BYTES);
  return bytes;
}

function readArg(bytes: Buffer, at: number): WireArg {
  const kind = KINDS[bytes.readUInt8(at)];
  const ref = bytes.readUInt32LE(at + 4);
  const add = bytes.readBigUInt64LE(at + 8);
  if (kind === undefined) throw new WireError(`unknown argument kind ${bytes.readUInt8(at)}`);
  return kind === 'imm' || kind === 'blob' ? { kind, add } : { kind, ref, add };
}

function width(value: number): WireWidth {
  if (value === 1 || value === 2 || value === 4 || value === 8) return value;
  throw new WireError(`expected width 1, 2, 4 or 8, got ${value}`);
}

function readOp(bytes: Buffer, at: number): WireOp {
  const code = bytes.readUInt8(at);
  const nargs = bytes.readUInt8(at + 1);
  const flags = bytes.readUInt16LE(at + 2);
  const number = bytes.readUInt32LE(at + 4);
  const offset = bytes.readUInt32LE(at + 12);
  if (nargs > MAX_ARGS) throw new WireError(`expected at most ${MAX_ARGS} arguments, got ${nargs}`);
  const args = Array.from({ length: nargs }, (_, i) => readArg(bytes, at + ARG_OFFSET + i * ARG_BYTES));
  const only = (count: number): [WireArg, WireArg] => {
    const zero: WireArg = { kind: 'imm', add: 0n };
    if (nargs !== count) throw new WireError(`code ${code} takes ${count} arguments, got ${nargs}`);
    return [args[0] ?? zero, args[1] ?? zero];
  };
  switch (code) {
    case CODES.syscall:
      return {
        code: 'syscall',
        nr: number,
        args,
        timeoutMs: bytes.readUInt32LE(at + 8),
        resultIsFd: (flags & FLAGS.resultIsFd) !== 0,
        resultIsMapping: (flags & FLAGS.resultIsMapping) !== 0,
        evenIfBroken: (flags & FLAGS.evenIfBroken) !== 0,
      };
    case CODES.patch:
      return { code: 'patch', offset, width: width(number), value: only(1)[0] };
    case CODES.load:
      return { code: 'load', addr: only(1)[0], width: width(number) };
    case CODES.store: {
      const [addr, value] = only(2);
      return { code: 'store', addr, width: width(number), value };
    }
    case CODES.peek:
      return { code: 'peek', addr: only(1)[0], length: number };
    case CODES.poke:
      return { code: 'poke', addr: only(1)[0], offset, length: number };
    case CODES.fork:
      only(0);
      return { code: 'fork', count: number };
    default:
      throw new WireError(`unknown code ${code}`);
  }
}

/**
 * The program in the payload of a RUN frame. Whether its ops make sense together is checked by `checkProgram`.
 *
 * @throws WireError when the payload is not exactly one program.
 */
export function decodeProgram(bytes: Buffer): WireProgram {
  if (bytes.length < RUN_BYTES) {
    throw new WireError(`Expected a program of at least ${RUN_BYTES} bytes, got ${bytes.length}`);
  }
  const blobLength = bytes.readUInt32LE(4);
  const count = bytes.readUInt32LE(8);
  const blobStart = RUN_BYTES + count * OP_BYTES;
  if (count > MAX_OPS) throw new WireError(`Expected at most ${MAX_OPS} ops, got ${count}`);
  if (bytes.length !== blobStart + blobLength) {
    throw new WireError(`Expected a program of ${blobStart + blobLength} bytes, got ${bytes.length}`);
  }
  const ops = Array.from({ length: count }, (_, index) => {
    try {
      return readOp(bytes, RUN_BYTES + index * OP_BYTES);
    } catch (cause) {
      throw new WireError(`op ${index}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  });
  return { timeoutMs: bytes.readUInt32LE(0), blob: new Uint8Array(bytes.subarray(blobStart)), ops };
}
