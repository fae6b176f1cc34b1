// SPDX-License-Identifier: GPL-2.0-only
/** Threads of steps executed for real: by the agent, on the running kernel, on files that harm nobody. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../judge/judge.js';
import type { WireProgram } from '../lower/wire.js';
import { spanOf } from '../lower/wire.js';
import { program, step } from '../program/make.js';
import type { Expect, PlannedStep } from '../program/step.js';
import type { StepResult, Trace } from '../program/trace.js';
import { profile } from '../suite/suites.test-helper.js';
import { AgentExecutor } from './agent-executor.js';
import { hasCompiler } from './here.test-helper.js';
import { KernelTarget } from './kernel-target.js';
import { blobAt, imm, program as wireProgram, retOf, syscall } from './programs.test-helper.js';

const value = (v: bigint): Expect => ({ fields: { value: v } });
const bus = (at: bigint): Expect => ({ fault: 'SIGBUS', fields: { code: 2n, at } });

const mapped = [
  step('open', { kind: 'memfd' }),
  step('fd_op', { on: 'file', op: 'ftruncate', length: 8192n }),
  step('mmap', { of: 'file', length: 16384n }),
];

/** Two struct timespec: 5 ms, and longer than any program may run. */
const times = new Uint8Array(new BigUint64Array([0n, 5_000_000n, 1000n, 0n]).buffer);

describe.skipIf(!hasCompiler)('parallel steps on the agent (needs a C compiler)', () => {
  let target: KernelTarget;
  beforeAll(async () => {
    target = new KernelTarget('agent', new AgentExecutor(), { disposable: false, timeoutMs: 5000 });
    await target.open();
  });
  afterAll(() => target.close());

  const run = (steps: readonly PlannedStep[], seed?: number): Promise<Trace> =>
    target.run(program('t', ...steps), profile('d0-mainline'), seed);
  async function passes(steps: readonly PlannedStep[], seed?: number): Promise<Trace> {
    const trace = await run(steps, seed);
    expect(judge(program('t', ...steps), trace)).toEqual({ verdict: 'pass', mismatches: [] });
    return trace;
  }
  const threadsOf = ({ steps }: Trace): readonly (readonly StepResult[])[] =>
    steps.find((s) => s.threads !== undefined)?.threads ?? [];

  it('says that it has threads', () => expect(target.features).toContain('threads'));

  it('share memory and descriptors, and leave both to what follows', async () => {
    await passes([
      ...mapped,
      step('parallel', {
        threads: [
          [step('store', { offset: 0n, value: 1n }), step('dup', { on: 'file', as: 'mine' })],
          [step('store', { offset: 8n, value: 2n }), step('mmap', { of: 'file', length: 4096n, as: 'n' })],
          [step('fd_op', { on: 'file', op: 'pwrite', offset: 16n, length: 8n }, value(8n))],
          [step('load', { offset: 4096n }, value(0n))],
        ],
      }),
      step('load', { map: 'n', offset: 0n }, value(1n)),
      step('load', { offset: 8n }, value(2n)),
      step('load', { map: 'n', offset: 16n }, value(0xa5a5a5a5a5a5a5a5n)),
      step('close', { on: 'mine' }),
      step('close', { on: 'file' }),
    ]);
  });

  it('catch faults in the thread that made the access, in several at once', async () => {
    const faults = (at: bigint): PlannedStep[] =>
      [0n, 8n, 16n].flatMap((o) => [
        step('load', { offset: at + o }, bus(at + o)),
        step('load', { offset: 0n }, value(0n)),
      ]);
    for (let seed = 1; seed <= 50; seed++) {
      await passes(
        [
          ...mapped,
          step('parallel', { threads: [faults(8192n), faults(12288n), faults(8704n), faults(13000n)] }),
          step('load', { offset: 8192n }, bus(8192n)),
        ],
        seed,
      );
    }
  });

  it('have moments in which they ran: in order within a thread, both orders and overlaps between threads', async () => {
    const touches = [0n, 8n, 16n].map((offset) =>
      step('touch', { how: 'process_vm_read', offset }, { fields: { value: 8n } }),
    );
    const seen = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const steps = [...mapped, step('parallel', { threads: [touches, touches] })];
      const threads = threadsOf(await passes(steps, seed));
      expect(threads.map((t) => t.length)).toEqual([3, 3]);
      for (const thread of threads) {
        const moments = thread.flatMap(({ span }) => (span ? [span.start, span.end] : []));
        expect(moments).toHaveLength(6);
        expect(moments).toEqual([...moments].sort((a, b) => Number(a - b)));
      }
      const [one, other] = threads.map((t) => t[1]?.span);
      if (!one || !other) throw new Error('a step of a thread has no span');
      seen.add(one.end < other.start ? 'before' : other.end < one.start ? 'after' : 'at once');
    }
    expect([...seen].length).toBeGreaterThan(1);
  });

  it('agree on one order: of two that close a descriptor one finds it closed', async () => {
    const steps = [
      step('open', { kind: 'memfd' }),
      step('parallel', {
        threads: [
          [
            step(
              'close',
              { on: 'file' },
              { fields: {}, oneOf: [{ fields: {} }, { errno: 'EBADF', fields: {} }] },
            ),
          ],
          [
            step(
              'close',
              { on: 'file' },
              { fields: {}, oneOf: [{ fields: {} }, { errno: 'EBADF', fields: {} }] },
            ),
          ],
        ],
      }),
    ];
    const errnos = threadsOf(await passes(steps)).map((t) => t[0]?.errno);
    expect([...errnos].sort()).toEqual(['0', 'EBADF']);
  });

  it('judge what a thread did by its own expectation, and number steps through', async () => {
    const steps = [
      ...mapped,
      step('parallel', {
        threads: [[step('load', {}, value(0n))], [step('load', { offset: 8n }, value(1n))]],
      }),
      step('load', {}, value(0n)),
    ];
    expect(judge(program('t', ...steps), await run(steps))).toMatchObject({
      verdict: 'fail',
      mismatches: [{ step: 6, expected: 'success, value 1', seen: 'success, value 0' }],
    });
  });

  it('end a call of one thread by its own watchdog', async () => {
    const pause = syscall('nanosleep', [blobAt(16), imm(0)], { timeoutMs: 50 });
    const spin = Array.from({ length: 20 }, () => syscall('nanosleep', [blobAt(0), imm(0)]));
    const wire: WireProgram = wireProgram(
      [
        { code: 'parallel', count: 3 + spin.length },
        { code: 'thread', count: 1, skew: 0 },
        pause,
        { code: 'thread', count: spin.length, skew: 0 },
        ...spin,
      ],
      { blob: times },
    );
    const { reply } = await target.executor.run(wire);
    expect(reply?.end).toBe('complete');
    expect(reply?.results[2]).toMatchObject({ status: 'done', errno: 4, timedOut: true });
    // Nobody else was interrupted.
    expect(reply?.results.slice(4).map(({ errno, timedOut }) => [errno, timedOut])).toEqual(
      spin.map(() => [0, false]),
    );
  });

  it('do not build on what was not made, and have no moment then', async () => {
    const wire = wireProgram([
      { code: 'parallel', count: 5 },
      { code: 'thread', count: 2, skew: 0 },
      syscall('close', [imm(-1)]),
      syscall('close', [retOf(2)]),
      { code: 'thread', count: 1, skew: 100 },
      syscall('getpid', []),
    ]);
    const { reply } = await target.executor.run(wire);
    expect(reply?.results.map(({ status }) => status)).toEqual([
      'done',
      'done',
      'done',
      'dependency',
      'done',
      'done',
    ]);
    const [block] = reply?.results ?? [];
    if (!block) throw new Error('no results');
    expect([0, 1, 2, 3, 4].map((i) => spanOf(block, i) !== undefined)).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  it('are killed with the program', async () => {
    const forever = syscall('nanosleep', [blobAt(16), imm(0)]);
    const wire = wireProgram(
      [
        { code: 'parallel', count: 4 },
        { code: 'thread', count: 1, skew: 0 },
        forever,
        { code: 'thread', count: 1, skew: 0 },
        forever,
      ],
      { timeoutMs: 200, blob: times },
    );
    const { reply } = await target.executor.run(wire);
    expect(reply?.end).toBe('timeout');
    expect(reply?.results.map(({ status }) => status)).toEqual([
      'in-flight',
      'in-flight',
      'in-flight',
      'in-flight',
      'in-flight',
    ]);
  });
});
