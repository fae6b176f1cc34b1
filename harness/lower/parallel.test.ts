// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import { findProfile } from '../uapi/profiles/index.js';
import { lower } from './lower.js';
import { lowered, replyTo } from './lower.test-helper.js';
import { skews } from './skews.js';
import { SPAN_BYTES } from './wire.js';

const made = [step('open', { kind: 'memfd' }), step('mmap', { of: 'file', length: 4096n })];
const block = step('parallel', {
  threads: [
    [step('load', {}), step('dup', { on: 'file', as: 'mine' })],
    [step('touch', { how: 'pipe_read' })],
  ],
});

/** Moments for every op of the parallel of a program: op i ran from 2i+1 to 2i+2. */
function moments(
  steps: readonly PlannedStep[],
  missing: readonly number[] = [],
): {
  index: number;
  data: Uint8Array;
} {
  const { ops } = lowered(steps).wire;
  const index = ops.findIndex(({ code }) => code === 'parallel');
  const op = ops[index];
  const count = op?.code === 'parallel' ? op.count : 0;
  const data = new Uint8Array(count * SPAN_BYTES);
  const view = new DataView(data.buffer);
  for (let i = 0; i < count; i++) {
    if (ops[index + 1 + i]?.code === 'thread' || missing.includes(i)) continue;
    view.setUint32(i * SPAN_BYTES, 2 * i + 1, true);
    view.setUint32(i * SPAN_BYTES + 4, 2 * i + 2, true);
  }
  return { index, data };
}

describe('parallel steps', () => {
  it('become threads that make up the whole block', () => {
    const { ops } = lowered([...made, block]).wire;
    const start = ops.findIndex(({ code }) => code === 'parallel');
    const op = ops[start];
    expect(op?.code === 'parallel' && op.count).toBe(ops.length - start - 1);
    const threads = ops.flatMap((o, i) => (o.code === 'thread' ? [{ i, count: o.count }] : []));
    expect(threads[0]).toEqual({ i: start + 1, count: 2 });
    expect(threads[1]?.i).toBe(start + 4);
    expect((threads[1]?.i ?? 0) + 1 + (threads[1]?.count ?? 0)).toBe(ops.length);
  });

  it('have results by thread, each from before its first op to after its last', () => {
    const steps = [...made, block];
    const l = lowered(steps);
    const { index, data } = moments(steps);
    const result = l.lift(replyTo(l, { [index]: { data } })).steps.at(-1);
    expect(result?.threads?.map((t) => t.map((s) => s.span))).toEqual([
      [
        { start: 3n, end: 4n },
        { start: 5n, end: 6n },
      ],
      [{ start: 9n, end: BigInt(2 * (l.wire.ops.length - index - 1)) }],
    ]);
    expect(result?.children).toEqual([]);
    expect(result?.calls).toEqual([
      'parallel() = 0',
      '  thread 1:',
      '    load64(m) = 0 @3..4',
      '    dup(file) = mine @5..6',
      '  thread 2:',
      '    write(pipe, m, 8) = 0 @9..20',
    ]);
  });

  it('have no moment where they did not run', () => {
    const steps = [...made, block];
    const l = lowered(steps);
    const { index, data } = moments(steps, [1, 2]);
    const ops = {
      [index]: { data },
      [index + 2]: { status: 'dependency' },
      [index + 3]: { status: 'dependency' },
    };
    const result = l.lift(replyTo(l, ops as never)).steps.at(-1);
    expect(result?.threads?.[0]?.map(({ state, span }) => [state, span])).toEqual([
      ['dependency', undefined],
      ['dependency', undefined],
    ]);
  });

  it('leave what they make to the steps after them', () => {
    const steps = [...made, block, step('close', { on: 'mine' })];
    const { ops } = lowered(steps).wire;
    const dup = ops.findIndex(({ code }) => code === 'thread') + 2;
    expect(ops.at(-1)).toMatchObject({ code: 'syscall', args: [{ kind: 'ret', ref: dup }] });
  });

  it('that could not be started are trouble of ours', () => {
    const l = lowered([...made, block]);
    const index = l.wire.ops.findIndex(({ code }) => code === 'parallel');
    const result = l.lift(replyTo(l, { [index]: { ret: -1n, errno: 11 } })).steps.at(-1);
    expect(result?.trouble).toBe('the threads could not be started: EAGAIN');
  });
});

describe('the shifts of threads', () => {
  it('are none without a seed', () => expect(skews(3, undefined)).toEqual([0, 0, 0]));

  it('are the same for the same seed and block, and differ elsewhere', () => {
    expect(skews(4, 7, 3)).toEqual(skews(4, 7, 3));
    const all = Array.from({ length: 50 }, (_, i) => skews(2, i, i % 3).join());
    expect(new Set(all).size).toBeGreaterThan(30);
  });

  it('let each thread be first, and wait from nothing to tens of thousands of turns', () => {
    const all = Array.from({ length: 200 }, (_, seed) => skews(2, seed));
    for (const thread of [0, 1]) {
      const own = all.map((s) => s[thread] ?? 0);
      expect(own.filter((turns) => turns === 0).length).toBeGreaterThan(50);
      expect(own.some((turns) => turns > 30_000)).toBe(true);
      expect(own.some((turns) => turns > 0 && turns < 100)).toBe(true);
      expect(Math.max(...own)).toBeLessThan(1 << 16);
    }
  });

  it('are in the program', () => {
    const profile = findProfile('d0');
    if (!profile) throw new Error('no profile');
    const options = { arch: 'x86_64', profile, pageSize: 4096, timeoutMs: 1000, seed: 5 } as const;
    const shifted = lower(program('p', ...made, block), options).wire.ops;
    const turns = shifted.flatMap((op) => (op.code === 'thread' ? [op.skew] : []));
    expect(turns.filter((t) => t === 0)).not.toHaveLength(turns.length);
  });
});
