// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WireOp, WireReply } from '../lower/wire.js';
import { done, imm } from './programs.test-helper.js';
import {
  decodeComplaint,
  decodeHello,
  decodeReply,
  encodeComplaint,
  encodeHello,
  encodeReply,
} from './reply-codec.js';
import { wireHello, wireReply } from './wire-arbitrary.test-helper.js';
import { WireError } from './wire-codec.js';

const opsFor = ({ results }: WireReply): WireOp[] =>
  results.map(() => ({ code: 'peek', addr: imm(0), length: 1 }));

describe('replies on the wire', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(wireReply, (reply) => {
        expect(decodeReply(encodeReply(reply), opsFor(reply))).toEqual(reply);
      }),
    );
  });

  it('are refused when cut short, extended, or of another number of ops', () => {
    fc.assert(
      fc.property(wireReply, fc.nat(), (reply, cut) => {
        const [bytes, ops] = [encodeReply(reply), opsFor(reply)];
        expect(() => decodeReply(bytes.subarray(0, cut % bytes.length), ops)).toThrow(WireError);
        expect(() => decodeReply(Buffer.concat([bytes, Buffer.alloc(1)]), ops)).toThrow(WireError);
        expect(() => decodeReply(bytes, [...ops, { code: 'fork', count: 0 }])).toThrow(WireError);
      }),
    );
  });

  it('give a loaded value as unsigned and a system call as signed', () => {
    const result = done(-1n);
    const bytes = encodeReply({ end: 'complete', signal: 0, blobAddress: 0n, results: [result, result] });
    const { results } = decodeReply(bytes, [
      { code: 'load', addr: imm(0), width: 8 },
      { code: 'poke', addr: imm(0), offset: 0, length: 0 },
    ]);
    expect(results.map(({ ret }) => ret)).toEqual([2n ** 64n - 1n, -1n]);
  });

  it('are refused when data lies outside the payload', () => {
    const reply = { end: 'complete', signal: 0, blobAddress: 0n, results: [] } as const;
    const result = Buffer.alloc(48);
    result.writeUInt32LE(1, 44);
    const bytes = Buffer.concat([encodeReply({ ...reply, results: [] }), result]);
    bytes.writeUInt32LE(1, 16);
    expect(() => decodeReply(bytes, [{ code: 'fork', count: 0 }])).toThrow(
      'Expected data within 0 bytes, got 0+1',
    );
  });
});

describe('greetings on the wire', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(wireHello, (hello) => {
        expect(decodeHello(encodeHello(hello))).toEqual(hello);
      }),
    );
  });

  it('are refused when cut short', () => {
    fc.assert(
      fc.property(wireHello, fc.nat(), (hello, cut) => {
        const bytes = encodeHello(hello);
        expect(() => decodeHello(bytes.subarray(0, cut % bytes.length))).toThrow(WireError);
      }),
    );
  });

  it('are refused when they speak another protocol', () => {
    const bytes = encodeHello({
      ...{ protocol: 2, machine: 'x86_64', release: '7.3.4', pageSize: 4096, executor: 'agent 2' },
      features: [],
    });
    expect(() => decodeHello(bytes)).toThrow('Expected protocol 1, got 2');
  });
});

describe('complaints on the wire', () => {
  it('come back as they went', () => {
    const complaint = { code: 2, text: 'op 3: a fork inside the ops of a fork' };
    expect(decodeComplaint(encodeComplaint(complaint))).toEqual(complaint);
  });
});
