// SPDX-License-Identifier: GPL-2.0-only
/** The payloads that an executor sends: HELLO, RESULT and ERROR (kernels/agent/PROTOCOL.md). */
import type { WireEnd, WireHello, WireOp, WireReply, WireResult, WireStatus } from '../lower/wire.js';
import { WIRE_PROTOCOL } from '../lower/wire.js';
import { WireError, viewOf } from './wire-codec.js';

const REPLY_BYTES = 24;
const RESULT_BYTES = 48;
const TIMED_OUT = 1;
const ENDS: readonly WireEnd[] = ['complete', 'timeout', 'stuck', 'died'];
const STATUSES: readonly WireStatus[] = ['not-run', 'done', 'fault', 'dependency', 'in-flight'];
const FEATURES: readonly WireHello['features'][number][] = ['fork', 'signals', 'compat', 'threads'];

/** Why an executor answered with an ERROR frame instead of a result. */
export const ErrorCode = {
  /** It received bytes that are no frame. */
  damaged: 1,
  /** The program breaks a rule of the format. */
  refused: 2,
  /** The executor itself failed before the program started, e.g. fork: ENOMEM. */
  failed: 3,
} as const;

/** Size of the payload of a RESULT frame, in bytes. */
export function replyBytes(opCount: number, dataBytes: number): number {
  return REPLY_BYTES + opCount * RESULT_BYTES + dataBytes;
}

function writeResult(
  bytes: Buffer,
  view: DataView,
  at: number,
  result: WireResult,
  dataOffset: number,
): void {
  bytes.writeUInt8(STATUSES.indexOf(result.status), at);
  bytes.writeUInt8(result.timedOut ? TIMED_OUT : 0, at + 1);
  bytes.writeInt32LE(result.errno, at + 4);
  view.setBigInt64(at + 8, result.ret, true);
  bytes.writeInt32LE(result.signal, at + 16);
  bytes.writeInt32LE(result.code, at + 20);
  view.setBigUint64(at + 24, result.faultAddress, true);
  view.setBigUint64(at + 32, result.durationNs, true);
  bytes.writeUInt32LE(dataOffset, at + 40);
  bytes.writeUInt32LE(result.data.length, at + 44);
}

/** A reply as the payload of a RESULT frame; the data of all peeks follows the results in op order. */
export function encodeReply(reply: WireReply): Buffer {
  const dataLength = reply.results.reduce((sum, { data }) => sum + data.length, 0);
  const dataStart = replyBytes(reply.results.length, 0);
  const bytes = Buffer.alloc(dataStart + dataLength);
  const view = viewOf(bytes);
  bytes.writeUInt32LE(ENDS.indexOf(reply.end), 0);
  bytes.writeUInt32LE(reply.signal, 4);
  bytes.writeBigUInt64LE(reply.blobAddress, 8);
  bytes.writeUInt32LE(reply.results.length, 16);
  bytes.writeUInt32LE(dataLength, 20);
  let offset = 0;
  for (const [index, result] of reply.results.entries()) {
    writeResult(bytes, view, REPLY_BYTES + index * RESULT_BYTES, result, offset);
    bytes.set(result.data, dataStart + offset);
    offset += result.data.length;
  }
  return bytes;
}

function known<T>(table: readonly T[], index: number, what: string): T {
  const value = table[index];
  if (value === undefined) throw new WireError(`Expected ${what} below ${table.length}, got ${index}`);
  return value;
}

function readResult(bytes: Buffer, view: DataView, at: number, data: Buffer, op: WireOp): WireResult {
  const offset = bytes.readUInt32LE(at + 40);
  const length = bytes.readUInt32LE(at + 44);
  if (offset + length > data.length) {
    throw new WireError(`Expected data within ${data.length} bytes, got ${offset}+${length}`);
  }
  const status = known(STATUSES, bytes.readUInt8(at), 'a status');
  const isLoaded = op.code === 'load' && status === 'done';
  return {
    status,
    // The wire has one signed field; a loaded value is unsigned, whatever its top bit.
    ret: isLoaded ? view.getBigUint64(at + 8, true) : view.getBigInt64(at + 8, true),
    errno: bytes.readInt32LE(at + 4),
    signal: bytes.readInt32LE(at + 16),
    code: bytes.readInt32LE(at + 20),
    faultAddress: view.getBigUint64(at + 24, true),
    timedOut: (bytes.readUInt8(at + 1) & TIMED_OUT) !== 0,
    durationNs: view.getBigUint64(at + 32, true),
    data: new Uint8Array(data.subarray(offset, offset + length)),
  };
}

/**
 * The reply in the payload of a RESULT frame.
 *
 * @param ops the program it must answer.
 * @throws WireError when the payload is not exactly one such reply.
 */
export function decodeReply(bytes: Buffer, ops: readonly WireOp[]): WireReply {
  if (bytes.length < REPLY_BYTES) {
    throw new WireError(`Expected a reply of at least ${REPLY_BYTES} bytes, got ${bytes.length}`);
  }
  const count = bytes.readUInt32LE(16);
  if (count !== ops.length) throw new WireError(`Expected ${ops.length} results, got ${count}`);
  const dataStart = replyBytes(count, 0);
  const expected = dataStart + bytes.readUInt32LE(20);
  if (bytes.length !== expected) {
    throw new WireError(`Expected a reply of ${expected} bytes, got ${bytes.length}`);
  }
  const data = bytes.subarray(dataStart);
  const view = viewOf(bytes);
  return {
    end: known(ENDS, bytes.readUInt32LE(0), 'an end'),
    signal: bytes.readUInt32LE(4),
    blobAddress: bytes.readBigUInt64LE(8),
    results: ops.map((op, i) => readResult(bytes, view, REPLY_BYTES + i * RESULT_BYTES, data, op)),
  };
}

/** A greeting as the payload of a HELLO frame. */
export function encodeHello(hello: WireHello): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(hello.protocol, 0);
  head.writeUInt32LE(hello.pageSize, 4);
  head.writeUInt32LE(
    hello.features.reduce((bits, feature) => bits | (1 << FEATURES.indexOf(feature)), 0),
    8,
  );
  const strings = [hello.machine, hello.release, hello.executor].flatMap((text) => {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.alloc(2);
    length.writeUInt16LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([head, ...strings]);
}

/**
 * The greeting in the payload of a HELLO frame.
 *
 * @throws WireError when it is cut short or of another protocol version.
 */
export function decodeHello(bytes: Buffer): WireHello {
  if (bytes.length < 12) throw new WireError(`Expected a greeting of at least 12 bytes, got ${bytes.length}`);
  const protocol = bytes.readUInt32LE(0);
  if (protocol !== WIRE_PROTOCOL) {
    throw new WireError(
      `Expected protocol ${WIRE_PROTOCOL}, got ${protocol}: the executor is of another version`,
    );
  }
  let at = 12;
  const string = (): string => {
    const start = at + 2;
    const end = start <= bytes.length ? start + bytes.readUInt16LE(at) : Infinity;
    if (end > bytes.length) throw new WireError(`Expected a string at byte ${at} of a greeting, got its end`);
    at = end;
    return bytes.toString('utf8', start, end);
  };
  const bits = bytes.readUInt32LE(8);
  const hello = {
    protocol,
    pageSize: bytes.readUInt32LE(4),
    features: FEATURES.filter((_, bit) => (bits & (1 << bit)) !== 0),
    machine: string(),
    release: string(),
    executor: string(),
  };
  if (at !== bytes.length) throw new WireError(`Expected a greeting of ${at} bytes, got ${bytes.length}`);
  return hello;
}

/** What an ERROR frame says. */
export interface WireComplaint {
  code: number;
  text: string;
}

/** A complaint as the payload of an ERROR frame. */
export function encodeComplaint(complaint: WireComplaint): Buffer {
  const code = Buffer.alloc(4);
  code.writeUInt32LE(complaint.code);
  return Buffer.concat([code, Buffer.from(complaint.text, 'utf8')]);
}

/** The complaint in the payload of an ERROR frame; one cut short is a complaint about nothing. */
export function decodeComplaint(bytes: Buffer): WireComplaint {
  if (bytes.length < 4) return { code: ErrorCode.damaged, text: 'an error frame without a code' };
  return { code: bytes.readUInt32LE(0), text: bytes.toString('utf8', 4) };
}
