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

const CODES = {
  syscall: 1,
  patch: 2,
  load: 3,
  store: 4,
  peek: 5,
  poke: 6,
  fork: 7,
  parallel: 8,
  thread: 9,
} as const;
const KINDS = ['imm', 'ret', 'blob', 'mem32', 'mem64'] as const;
const KIND_NUMBERS = { imm: 0, ret: 1, blob: 2, mem32: 3, mem64: 4 } as const;
const FLAGS = { resultIsFd: 1, resultIsMapping: 2, evenIfBroken: 4, compat: 8 } as const;

/** The fixed-size form that every op takes on the wire. */
interface FlatOp {
  code: number;
  flags: number;
  number: number;
  timeoutMs: number;
  offset: number;
  args: WireArg[];
}

function flat(op: WireOp, number: number, args: WireArg[], offset = 0): FlatOp {
  return { code: CODES[op.code], flags: 0, number, timeoutMs: 0, offset, args };
}

function flatten(op: WireOp): FlatOp {
  switch (op.code) {
    case 'syscall': {
      const flags =
        (op.resultIsFd ? FLAGS.resultIsFd : 0) |
        (op.resultIsMapping ? FLAGS.resultIsMapping : 0) |
        (op.evenIfBroken ? FLAGS.evenIfBroken : 0) |
        (op.compat ? FLAGS.compat : 0);
      const { nr, timeoutMs, args } = op;
      return { code: CODES.syscall, flags, number: nr, timeoutMs, offset: 0, args };
    }
    case 'patch':
      return flat(op, op.width, [op.value], op.offset);
    case 'load':
      return flat(op, op.width, [op.addr]);
    case 'store':
      return flat(op, op.width, [op.addr, op.value]);
    case 'peek':
      return flat(op, op.length, [op.addr]);
    case 'poke':
      return flat(op, op.length, [op.addr], op.offset);
    case 'fork':
    case 'parallel':
      return flat(op, op.count, []);
    case 'thread':
      return flat(op, op.count, [], op.skew);
  }
}

/** For 64-bit fields, which a DataView reads and writes much faster than a Buffer; wraps what it writes. */
export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function writeArg(bytes: Buffer, view: DataView, at: number, arg: WireArg): void {
  bytes[at] = KIND_NUMBERS[arg.kind];
  if ('ref' in arg) bytes.writeUInt32LE(arg.ref, at + 4);
  view.setBigUint64(at + 8, arg.add, true);
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
  const view = viewOf(bytes);
  bytes.writeUInt32LE(program.timeoutMs, 0);
  bytes.writeUInt32LE(blob.length, 4);
  bytes.writeUInt32LE(ops.length, 8);
  for (const [index, op] of ops.entries()) {
    const { code, flags, number, timeoutMs, offset, args } = flatten(op);
    if (args.length > MAX_ARGS) {
      throw new WireError(`op ${index}: expected at most ${MAX_ARGS} arguments, got ${args.length}`);
    }
    let at = RUN_BYTES + index * OP_BYTES;
    try {
      bytes.writeUInt8(code, at);
      bytes.writeUInt8(args.length, at + 1);
      bytes.writeUInt16LE(flags, at + 2);
      bytes.writeUInt32LE(number, at + 4);
      bytes.writeUInt32LE(timeoutMs, at + 8);
      bytes.writeUInt32LE(offset, at + 12);
      at += ARG_OFFSET;
      for (const arg of args) {
        writeArg(bytes, view, at, arg);
        at += ARG_BYTES;
      }
    } catch (cause) {
      throw new WireError(`op ${index} (${op.code}): ${String(cause)}`, { cause });
    }
  }
  bytes.set(blob, RUN_BYTES + ops.length * OP_BYTES);
  return bytes;
}

function readArg(bytes: Buffer, view: DataView, at: number): WireArg {
  const kind = KINDS[bytes.readUInt8(at)];
  const ref = bytes.readUInt32LE(at + 4);
  const add = view.getBigUint64(at + 8, true);
  if (kind === undefined) throw new WireError(`unknown argument kind ${bytes.readUInt8(at)}`);
  return kind === 'imm' || kind === 'blob' ? { kind, add } : { kind, ref, add };
}

function width(value: number): WireWidth {
  if (value === 1 || value === 2 || value === 4 || value === 8) return value;
  throw new WireError(`expected width 1, 2, 4 or 8, got ${value}`);
}

function readOp(bytes: Buffer, view: DataView, at: number): WireOp {
  const code = bytes.readUInt8(at);
  const nargs = bytes.readUInt8(at + 1);
  const flags = bytes.readUInt16LE(at + 2);
  const number = bytes.readUInt32LE(at + 4);
  const offset = bytes.readUInt32LE(at + 12);
  if (nargs > MAX_ARGS) throw new WireError(`expected at most ${MAX_ARGS} arguments, got ${nargs}`);
  const args = Array.from({ length: nargs }, (_, i) => readArg(bytes, view, at + ARG_OFFSET + i * ARG_BYTES));
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
        ...((flags & FLAGS.compat) === 0 ? {} : { compat: true }),
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
    case CODES.parallel:
      only(0);
      return { code: 'parallel', count: number };
    case CODES.thread:
      only(0);
      return { code: 'thread', count: number, skew: offset };
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
  const view = viewOf(bytes);
  const ops = Array.from({ length: count }, (_, index) => {
    try {
      return readOp(bytes, view, RUN_BYTES + index * OP_BYTES);
    } catch (cause) {
      throw new WireError(`op ${index}: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    }
  });
  return { timeoutMs: bytes.readUInt32LE(0), blob: new Uint8Array(bytes.subarray(blobStart)), ops };
}
