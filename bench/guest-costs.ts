// SPDX-License-Identifier: GPL-2.0-only
/** Where the time of a program goes on its way through a guest, each part measured by itself. */
import { judge } from '../harness/judge/judge.js';
import { lower } from '../harness/lower/lower.js';
import type { Lowered } from '../harness/lower/lower.js';
import type { WireReply } from '../harness/lower/wire.js';
import type { Session } from '../harness/run/session.js';
import type { TestPoint } from '../harness/suite/expand.js';
import { TargetError } from '../harness/target/executor.js';
import { FrameDecoder, FrameType, encodeFrame } from '../harness/target/frame.js';
import { decodeReply, encodeReply } from '../harness/target/reply-codec.js';
import { encodeProgram } from '../harness/target/wire-codec.js';
import { figure } from './figure.js';
import type { Figure } from './figure.js';
import type { LoopGuest } from './loop-guest.js';
import { summarize } from './statistics.js';

/** Round trips. */
const TIMES = 40;
/** One pass through the TypeScript takes microseconds; the clock should see milliseconds. */
const PASSES = 200;
const BATCHES = 5;

const US_PER_MS = 1000;
const US_PER_S = 1e6;

/** Everything that Node does for a program, up to the bytes and back from them. */
function pass(session: Session, point: TestPoint, reply: WireReply): { up: number; down: number } {
  const { wire, lift } = lowered(session, point);
  const up = encodeFrame({ type: FrameType.run, sequence: 1, payload: encodeProgram(wire) });
  // The executor's part, which the real way has in the guest; it is subtracted again below.
  const down = answer(reply);
  for (const frame of new FrameDecoder().push(down)) {
    judge(point.program, lift(decodeReply(frame.payload, wire.ops)));
  }
  return { up: up.length, down: down.length };
}

function answer(reply: WireReply): Buffer {
  return encodeFrame({ type: FrameType.result, sequence: 1, payload: encodeReply(reply) });
}

function lowered({ target, profile }: Session, point: TestPoint): Lowered {
  const { arch, hello, options } = target;
  return lower(point.program, {
    arch,
    profile,
    pageSize: hello.pageSize,
    timeoutMs: options.timeoutMs,
  });
}

/** Microseconds of one execution of `action`, in batches. */
function perPass(action: () => void): number[] {
  return Array.from({ length: BATCHES }, () => {
    const began = performance.now();
    for (let i = 0; i < PASSES; i++) action();
    return ((performance.now() - began) * US_PER_MS) / PASSES;
  });
}

async function oneReply({ target }: Session, { wire }: Lowered): Promise<WireReply> {
  const reply = (await target.executor?.run(wire))?.reply;
  if (!reply) throw new TargetError('the guest died while its costs were measured');
  return reply;
}

async function collect(count: number, sample: () => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push(await sample());
  return all;
}

/** Programs per second as measured before, sample by sample: the real way, the C loop, the C loop that forks. */
export interface Rates {
  ours: readonly number[];
  c: readonly number[];
  forked: readonly number[];
}

/**
 * Take a program's way apart: what its calls take in C, what a process for them adds, the way of the bytes,
 * the work of Node. What remains is the agent's own: frames and their CRC, copying, clocks, its watch over
 * the child and its process group.
 *
 * @returns one figure for each part, in microseconds for one program.
 */
export async function breakdown(
  session: Session,
  loop: LoopGuest,
  point: TestPoint,
  { ours, c, forked }: Rates,
): Promise<Figure[]> {
  const whole = ours.map((rate) => US_PER_S / rate);
  const calls = c.map((rate) => US_PER_S / rate);
  const fork = forked.map((rate, i) => US_PER_S / rate - (calls[i] ?? NaN));
  const reply = await oneReply(session, lowered(session, point));
  const bytes = pass(session, point, reply);
  const fake = summarize(perPass(() => answer(reply))).median;
  const typescript = perPass(() => pass(session, point, reply)).map((us) => us - fake);
  const trip = await collect(TIMES, async () => (await loop.echo(bytes.up, bytes.down)) * US_PER_MS);
  const elsewhere = summarize(trip).median + summarize(typescript).median;
  const agent = whole.map((us, i) => us - (calls[i] ?? NaN) - (fork[i] ?? NaN) - elsewhere);
  const parts: [string, number[]][] = [
    ['its calls, as in the C loop', calls],
    ['a process for it: fork, exit, wait', fork],
    [`the port: ${bytes.up} bytes there, ${bytes.down} back`, trip],
    ['Node: lower, encode, decode, lift, judge', typescript],
    ["the rest: the agent's own work", agent],
  ];
  return [
    figure({ name: '  one program takes', unit: 'µs', ours: whole }),
    ...parts.map(([what, samples]) => figure({ name: `    ${what}`, unit: 'µs', ours: samples })),
  ];
}
