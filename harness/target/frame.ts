// SPDX-License-Identifier: GPL-2.0-only
/** Frames between the harness and whatever executes programs; kernels/agent/PROTOCOL.md describes them. */
import { crc32 } from 'node:zlib';

export const FrameType = { hello: 1, run: 2, result: 3, error: 4 } as const;

export interface Frame {
  type: number;
  /** Chosen by who asks, repeated in the answer; 0 in frames nobody asked for. */
  sequence: number;
  payload: Buffer;
}

/** The bytes `GMCF`. */
const MAGIC = 0x46434d47;
const HEADER_BYTES = 20;
const TRAILER_BYTES = 4;
/** Largest payload in bytes; both sides refuse more before allocating anything. */
export const MAX_PAYLOAD_BYTES = 8 << 20;

/** Bytes that are no undamaged frame. */
export class FrameError extends Error {
  override name = 'FrameError';
}

/**
 * The bytes of a frame: header with its own CRC, payload, CRC-32 over both.
 *
 * @throws FrameError when the payload is larger than a frame may be.
 */
export function encodeFrame(frame: { type: number; sequence: number; payload: Uint8Array }): Buffer {
  const { type, sequence, payload } = frame;
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new FrameError(
      `Expected a payload of at most ${MAX_PAYLOAD_BYTES} bytes, got ${payload.length} bytes`,
    );
  }
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length + TRAILER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.writeUInt32LE(payload.length, 12);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16);
  bytes.set(payload, HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_BYTES + payload.length)), HEADER_BYTES + payload.length);
  return bytes;
}

/**
 * Takes a stream apart into frames, whatever the chunks. A frame is collected in a buffer of its final size,
 * so the work is linear in the bytes however small the chunks are.
 */
export class FrameDecoder {
  #bytes = Buffer.allocUnsafe(HEADER_BYTES);
  #filled = 0;
  #headerDone = false;

  /** The stream is inside a frame: ending here would be a truncation. */
  get midFrame(): boolean {
    return this.#filled > 0;
  }

  /**
   * Frames completed by `chunk`, in order.
   *
   * @throws FrameError at the first damaged byte; the decoder is of no use afterwards.
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    let taken = 0;
    while (taken < chunk.length) {
      const part = chunk.subarray(taken, taken + this.#bytes.length - this.#filled);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled < this.#bytes.length) return;
      if (this.#headerDone) yield this.#finish();
      else this.#allocateFrame();
    }
  }

  #allocateFrame(): void {
    const header = this.#bytes;
    const magic = header.readUInt32LE(0);
    if (magic !== MAGIC) {
      throw new FrameError(
        `Expected a frame starting with 47 4d 43 46 ("GMCF"), got ${header.toString('hex', 0, 4).replace(/..\B/g, '$& ')}`,
      );
    }
    if (crc32(header.subarray(0, 16)) !== header.readUInt32LE(16)) {
      throw new FrameError('The CRC of a frame header does not match its bytes');
    }
    const flags = header.readUInt16LE(6);
    if (flags !== 0) throw new FrameError(`Expected frame flags 0, got ${flags}`);
    const length = header.readUInt32LE(12);
    if (length > MAX_PAYLOAD_BYTES) {
      throw new FrameError(`Expected a payload of at most ${MAX_PAYLOAD_BYTES} bytes, got ${length} bytes`);
    }
    this.#bytes = Buffer.allocUnsafe(HEADER_BYTES + length + TRAILER_BYTES);
    this.#bytes.set(header);
    this.#headerDone = true;
  }

  #finish(): Frame {
    const bytes = this.#bytes;
    const end = bytes.length - TRAILER_BYTES;
    if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
      throw new FrameError('The CRC of a frame does not match its bytes');
    }
    this.#bytes = Buffer.allocUnsafe(HEADER_BYTES);
    this.#filled = 0;
    this.#headerDone = false;
    return {
      type: bytes.readUInt16LE(4),
      sequence: bytes.readUInt32LE(8),
      payload: bytes.subarray(HEADER_BYTES, end),
    };
  }
}
