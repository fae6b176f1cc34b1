// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Frame, FrameDecoder, FrameError, MAX_PAYLOAD_BYTES, encodeFrame } from './frame.js';

const frame = fc.record({
  type: fc.integer({ min: 0, max: 0xffff }),
  sequence: fc.integer({ min: 0, max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

/** Feed `bytes` in chunks of at most `size` bytes. */
function decode(bytes: Buffer, size = bytes.length): { frames: Frame[]; midFrame: boolean } {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; at += size) frames.push(...decoder.push(bytes.subarray(at, at + size)));
  return { frames, midFrame: decoder.midFrame };
}

describe('frames', () => {
  it('come back from their bytes, however the stream is cut', () => {
    const streams = fc.tuple(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 64 }));
    fc.assert(
      fc.property(streams, ([frames, size]) => {
        const decoded = decode(Buffer.concat(frames.map(encodeFrame)), size);
        expect(decoded).toEqual({ frames, midFrame: false });
      }),
    );
  });

  it('are rejected when any single bit is flipped', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (original, position) => {
        const bytes = encodeFrame(original);
        const bit = position % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => decode(bytes)).toThrow(FrameError);
      }),
      { numRuns: 500 },
    );
  });

  it('do not come out of a truncated stream', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (original, position) => {
        const bytes = encodeFrame(original);
        const length = position % bytes.length;
        expect(decode(bytes.subarray(0, length))).toEqual({ frames: [], midFrame: length > 0 });
      }),
    );
  });

  it('carry the CRC-32 that the description gives as its check value', () => {
    const bytes = encodeFrame({ type: 0, sequence: 0, payload: Buffer.alloc(0) });
    // CRC of 47 4d 43 46 and twelve zero bytes, computed with python's zlib.
    expect(bytes.toString('hex')).toMatch(/^474d4346000000000000000000000000f7d07929/);
  });

  it('have a bounded payload in both directions', () => {
    const payload = Buffer.alloc(MAX_PAYLOAD_BYTES + 1);
    expect(() => encodeFrame({ type: 1, sequence: 1, payload })).toThrow(
      /at most 8388608 bytes, got 8388609/,
    );
  });

  it('take linear time when they arrive byte by byte', () => {
    const payload = Buffer.alloc(1 << 20, 7);
    const start = performance.now();
    const { frames } = decode(encodeFrame({ type: 3, sequence: 9, payload }), 16);
    expect(frames[0]?.payload.equals(payload)).toBe(true);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
