// SPDX-License-Identifier: GPL-2.0-only
/** The compiled agent at its very stream: what no well-behaved harness would send. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildAgent, machineArch } from '../../kernels/build/agent.js';
import { canBuildAgent } from '../../kernels/build/agent.test-helper.js';
import type { WireOp, WireProgram } from '../lower/wire.js';
import { type Frame, FrameDecoder, FrameType, encodeFrame } from './frame.js';
import { blobAt, imm, program, syscall } from './programs.test-helper.js';
import { decodeComplaint, decodeHello, decodeReply } from './reply-codec.js';
import { wireOp } from './wire-arbitrary.test-helper.js';
import { programProblem } from './wire-check.js';
import { encodeProgram } from './wire-codec.js';

const arch = machineArch();

/** An agent and the frames it has sent. */
class Conversation {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => undefined;

  constructor(path: string) {
    const decoder = new FrameDecoder();
    this.child = spawn(path);
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.#frames.push(...decoder.push(chunk));
      this.#wake();
    });
  }

  send(bytes: Uint8Array): void {
    this.child.stdin.write(bytes);
  }

  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const helloFrame = (sequence: number): Buffer =>
  encodeFrame({ type: FrameType.hello, sequence, payload: Buffer.alloc(0) });
const runFrame = (sequence: number, wire: WireProgram): Buffer =>
  encodeFrame({ type: FrameType.run, sequence, payload: encodeProgram(wire) });

describe.skipIf(!canBuildAgent())('the agent at its stream (needs make and a C compiler)', () => {
  let path: string;
  let agent: Conversation;
  beforeAll(async () => {
    if (arch) ({ path } = await buildAgent(arch));
  });
  beforeEach(async () => {
    agent = new Conversation(path);
    const greeting = await agent.next();
    expect(greeting).toMatchObject({ type: FrameType.hello, sequence: 0 });
    expect(decodeHello(greeting.payload).executor).toBe('agent 1');
  });
  afterEach(() => {
    agent.child.kill('SIGKILL');
  });

  /** Expect an ERROR about garbage, then an answer to a hello. */
  async function expectRecovery(sequence: number): Promise<void> {
    const error = await agent.next();
    expect(error).toMatchObject({ type: FrameType.error, sequence: 0 });
    expect(decodeComplaint(error.payload).code).toBe(1);
    agent.send(helloFrame(sequence));
    expect(await agent.next()).toMatchObject({ type: FrameType.hello, sequence });
  }

  it('answers pipelined frames in order', async () => {
    agent.send(
      Buffer.concat([runFrame(1, program([])), helloFrame(2), runFrame(3, program([syscall('getpid', [])]))]),
    );
    expect(await agent.next()).toMatchObject({ type: FrameType.result, sequence: 1 });
    expect(await agent.next()).toMatchObject({ type: FrameType.hello, sequence: 2 });
    expect(await agent.next()).toMatchObject({ type: FrameType.result, sequence: 3 });
  });

  it('answers a frame that arrives byte by byte', async () => {
    for (const byte of runFrame(7, program([]))) agent.send(Buffer.of(byte));
    expect(await agent.next()).toMatchObject({ type: FrameType.result, sequence: 7 });
  });

  it('complains once about noise and finds the next frame', async () => {
    agent.send(Buffer.concat([Buffer.from('GMC GMCF and much more noise'), Buffer.alloc(5_000, 0x47)]));
    await expectRecovery(1);
  });

  it('survives any flipped bit and any cut', async () => {
    const good = runFrame(5, program([syscall('getpid', [])], { blob: new Uint8Array(8) }));
    let sequence = 100;
    const damage = fc.tuple(fc.boolean(), fc.nat({ max: good.length * 8 - 1 }));
    const property = fc.asyncProperty(damage, async ([flip, bit]) => {
      const bytes = Buffer.from(good);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // Zeroes complete what is cut, to a frame whose CRC cannot match.
      agent.send(flip ? bytes : Buffer.concat([good.subarray(0, bit >> 3), Buffer.alloc(good.length)]));
      await expectRecovery(++sequence);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('refuses a frame larger than 8 MiB without waiting for it', async () => {
    const header = Buffer.from(helloFrame(1).subarray(0, 20));
    header.writeUInt32LE((8 << 20) + 1, 12);
    header.writeUInt32LE(crc32(header.subarray(0, 16)), 16);
    agent.send(header);
    await expectRecovery(2);
  });

  it('refuses an unknown type of frame', async () => {
    agent.send(encodeFrame({ type: 9, sequence: 4, payload: Buffer.alloc(0) }));
    const answer = await agent.next();
    expect(answer).toMatchObject({ type: FrameType.error, sequence: 4 });
    expect(decodeComplaint(answer.payload)).toMatchObject({ code: 2 });
  });

  it('ends with code 0 when the harness closes the stream', async () => {
    agent.child.stdin.end();
    expect(await once(agent.child, 'exit')).toEqual([0, null]);
  });

  it('executes 65536 ops', async () => {
    const ops = Array.from({ length: 65_536 }, () => syscall('getpid', []));
    agent.send(runFrame(1, program(ops, { timeoutMs: 20_000 })));
    const { results } = decodeReply((await agent.next()).payload, ops);
    expect(results.every(({ status }) => status === 'done')).toBe(true);
  });

  it('refuses exactly the programs that the TypeScript side finds fault with', async () => {
    let sequence = 0;
    const property = fc.asyncProperty(harmlessProgram, async (wire) => {
      agent.send(runFrame(++sequence, wire));
      const { type, payload } = await agent.next();
      const refusal = type === FrameType.error ? decodeComplaint(payload).text : undefined;
      expect(refusal === undefined).toBe(programProblem(wire) === undefined);
    });
    await fc.assert(property, { numRuns: 400 });
  });
});

/** Ops of every shape with references that are wrong about as often as right, and only getpid to call. */
const harmlessOp: fc.Arbitrary<WireOp> = fc
  .tuple(wireOp, fc.nat(12), fc.nat(70))
  .map(([op, near, offset]) => {
    const shrink = <T extends object>(arg: T): T => ('ref' in arg ? { ...arg, ref: near } : arg);
    switch (op.code) {
      case 'syscall':
        return { ...syscall('getpid', op.args.map(shrink)), evenIfBroken: op.evenIfBroken };
      case 'patch':
        return { ...op, offset, value: shrink(op.value) };
      case 'load':
        return { ...op, addr: shrink(op.addr) };
      case 'store':
        return { ...op, addr: blobAt(offset % 56), value: shrink(op.value) };
      case 'peek':
        return { ...op, addr: imm(0), length: op.length >>> 8 };
      case 'poke':
        return { ...op, addr: blobAt(0), offset, length: near };
      case 'fork':
      case 'parallel':
        return { ...op, count: near >> 1 };
      case 'thread':
        return { ...op, count: near >> 2, skew: offset };
    }
  });

const harmlessProgram: fc.Arbitrary<WireProgram> = fc.record({
  timeoutMs: fc.integer({ min: 0, max: 20 }).map((ms) => (ms === 0 ? 0 : 10_000)),
  blob: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  ops: fc.array(harmlessOp, { maxLength: 6 }),
});
