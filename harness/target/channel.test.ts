// SPDX-License-Identifier: GPL-2.0-only
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { WireHello, WireReply } from '../lower/wire.js';
import { Channel } from './channel.js';
import { type Frame, FrameDecoder, FrameType, encodeFrame } from './frame.js';
import { done, program } from './programs.test-helper.js';
import { ErrorCode, encodeComplaint, encodeHello, encodeReply } from './reply-codec.js';

const HELLO: WireHello = {
  ...{ protocol: 1, machine: 'x86_64', release: '7.3.4', pageSize: 4096, executor: 'agent 1' },
  features: ['fork', 'signals'],
};
const REPLY: WireReply = { end: 'complete', signal: 0, blobAddress: 4096n, results: [] };

/** A channel and the executor's end of it, which answers as `answer` says. */
function conversation(answer: (frame: Frame, send: (bytes: Uint8Array) => void) => void): {
  channel: Channel;
  input: PassThrough;
} {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const decoder = new FrameDecoder();
  output.on('data', (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) answer(frame, (bytes) => input.write(bytes));
  });
  return { channel: new Channel(input, output), input };
}

const result = (sequence: number): Buffer =>
  encodeFrame({ type: FrameType.result, sequence, payload: encodeReply(REPLY) });
const hello = (sequence: number): Buffer =>
  encodeFrame({ type: FrameType.hello, sequence, payload: encodeHello(HELLO) });
const complaint = (sequence: number, code: number): Buffer =>
  encodeFrame({ type: FrameType.error, sequence, payload: encodeComplaint({ code, text: 'because' }) });

describe('a channel', () => {
  it('passes over the greeting nobody asked for and takes the one it asked for', async () => {
    const { channel } = conversation(({ sequence }, send) => {
      send(Buffer.concat([hello(0), hello(sequence)]));
    });
    await expect(channel.hello(1_000)).resolves.toEqual(HELLO);
  });

  it('puts answers together from single bytes', async () => {
    const { channel } = conversation(({ sequence }, send) => {
      for (const byte of result(sequence)) send(Buffer.of(byte));
    });
    await expect(channel.run(program([]), 1_000)).resolves.toEqual(REPLY);
  });

  it('tells answers in one chunk apart', async () => {
    const waiting: number[] = [];
    const { channel } = conversation(({ sequence }, send) => {
      waiting.push(sequence);
      if (waiting.length === 3) send(Buffer.concat(waiting.map(result)));
    });
    const replies = [1, 2, 3].map(() => channel.run(program([]), 1_000));
    await expect(Promise.all(replies)).resolves.toEqual([REPLY, REPLY, REPLY]);
  });

  it('calls it eof when the other side goes', async () => {
    const { channel, input } = conversation(() => input.end());
    await expect(channel.run(program([]), 1_000)).rejects.toMatchObject({ kind: 'eof' });
    await expect(channel.hello(1_000)).rejects.toMatchObject({ kind: 'eof' });
  });

  it('calls it damaged when the other side goes inside a frame', async () => {
    const { channel, input } = conversation(({ sequence }) => input.end(result(sequence).subarray(0, 30)));
    await expect(channel.run(program([]), 1_000)).rejects.toMatchObject({ kind: 'damaged' });
  });

  it.each([
    ['noise', (): Buffer => Buffer.from('[    0.000000] Linux version 7.3.4\n')],
    ['a flipped bit', (n: number): Buffer => flipped(result(n))],
    ['an answer to another question', (n: number): Buffer => result(n + 1)],
    ['a greeting instead of a result', (n: number): Buffer => hello(n)],
    ['a result with another number of ops', (n: number): Buffer => resultOfOneOp(n)],
    ['a complaint about damage', (): Buffer => complaint(0, ErrorCode.damaged)],
  ])('takes %s for damage, never for a result', async (_what, bytes) => {
    const { channel } = conversation(({ sequence }, send) => send(bytes(sequence)));
    await expect(channel.run(program([]), 1_000)).rejects.toMatchObject({ kind: 'damaged' });
    expect(channel.failure?.kind).toBe('damaged');
  });

  it('takes an executor that greets again for damage', async () => {
    const { channel } = conversation(({ sequence }, send) => send(sequence === 1 ? hello(1) : hello(0)));
    await channel.hello(1_000);
    await expect(channel.run(program([]), 1_000)).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('gives up at the deadline and drops the late answer', async () => {
    const { channel } = conversation(({ sequence }, send) => {
      if (sequence === 2) send(Buffer.concat([hello(1), hello(2)]));
    });
    await expect(channel.hello(20)).rejects.toMatchObject({ kind: 'deadline' });
    await expect(channel.hello(1_000)).resolves.toEqual(HELLO);
  });

  it('goes on after a refused program', async () => {
    const { channel } = conversation(({ sequence }, send) => {
      send(sequence === 1 ? complaint(1, ErrorCode.refused) : result(sequence));
    });
    await expect(channel.run(program([]), 1_000)).rejects.toMatchObject({
      kind: 'refused',
      message: 'because',
    });
    await expect(channel.run(program([]), 1_000)).resolves.toEqual(REPLY);
  });

  it('refuses a program that fits no frame without sending it', async () => {
    const { channel } = conversation((_frame, send) => send(Buffer.from('unexpected')));
    const large = program([], { blob: new Uint8Array(9 << 20) });
    await expect(channel.run(large, 1_000)).rejects.toMatchObject({ kind: 'refused' });
  });
});

function flipped(bytes: Buffer): Buffer {
  bytes[25] = (bytes[25] ?? 0) ^ 1;
  return bytes;
}

function resultOfOneOp(sequence: number): Buffer {
  const results = [done()];
  return encodeFrame({ type: FrameType.result, sequence, payload: encodeReply({ ...REPLY, results }) });
}
