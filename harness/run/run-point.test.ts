// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { StepResult, Trace } from '../program/trace.js';
import type { TestPoint } from '../suite/expand.js';
import { TargetError } from '../target/executor.js';
import { runPoint } from './run-point.js';

const point: TestPoint = {
  id: 'a/b/c[x=1]',
  suite: 'a/b',
  about: 'A.',
  source: [],
  rules: [],
  requires: [],
  where: 'a/b.yaml:3:5',
  program: program('a/b/c[x=1]', step('create_vm', {})),
};
const ok: StepResult = {
  state: 'done',
  errno: '0',
  fields: {},
  calls: ['call() = 0'],
  durationNs: 1n,
  children: [],
};
const bad = { ...ok, errno: 'EPERM', calls: ['call() = -1 EPERM'] };

const run = (
  trace: Trace | Error,
  overrides: Partial<TestPoint> = {},
  features = new Map([['gmem', { present: true, why: '' }]]),
) =>
  runPoint(
    { ...point, ...overrides },
    {
      run: () => (trace instanceof Error ? Promise.reject(trace) : Promise.resolve(trace)),
      features,
      replay: (id) => `replay ${id}`,
    },
  );

describe('the record of a point', () => {
  it('that passed says so, and keeps no calls', async () => {
    expect(await run({ steps: [ok] })).toEqual({
      id: 'a/b/c[x=1]',
      suite: 'a/b',
      about: 'A.',
      verdict: 'pass',
      mismatches: [],
      calls: [],
      replay: 'replay a/b/c[x=1]',
      durationMs: expect.any(Number) as number,
    });
  });

  it('names the rules that it holds', async () => {
    expect(await run({ steps: [ok] }, { rules: ['a.b.c'] })).toMatchObject({ rules: ['a.b.c'] });
  });

  it('that failed has the mismatch and every call', async () => {
    expect(await run({ steps: [bad] })).toMatchObject({
      verdict: 'fail',
      mismatches: [{ step: 1, seen: 'EPERM' }],
      calls: ['call() = -1 EPERM'],
    });
  });

  it('that crashed has the report of the crash', async () => {
    const crash = { kind: 'panic', title: 'Kernel panic', excerpt: ['x'] } as const;
    const record = await run({ steps: [], crash: { ...crash, excerpt: ['x'] } });
    expect(record).toMatchObject({ verdict: 'crash', reason: 'Kernel panic', crash });
  });

  it('that could not be judged is an error with the reason', async () => {
    expect(await run({ steps: [{ ...ok, state: 'in-flight' }], cut: 'killed' })).toMatchObject({
      verdict: 'error',
      reason: 'killed',
    });
  });

  it('whose executor failed for this program is an error', async () => {
    expect(await run(new TargetError('the worker died', 'program'))).toMatchObject({
      verdict: 'error',
      reason: 'the worker died',
    });
  });

  it('is none when nothing more can run, or the harness itself is wrong', async () => {
    await expect(run(new TargetError('no guest', 'fatal'))).rejects.toThrow('no guest');
    await expect(run(new RangeError('a bug'))).rejects.toThrow('a bug');
  });
});

describe('a point that is known to fail', () => {
  const xfail = { xfail: 'known' };
  it.each<[string, Trace, object]>([
    ['fails as expected', { steps: [bad] }, { verdict: 'xfail', reason: 'known' }],
    ['passes unexpectedly', { steps: [ok] }, { verdict: 'xpass', reason: 'passed, but was to fail: known' }],
    [
      'is still an error when cut short',
      { steps: [ok], cut: 'killed' },
      { verdict: 'error', reason: 'killed' },
    ],
    [
      'is still a crash when the kernel dies',
      { steps: [bad], crash: { kind: 'oops', title: 'Oops', excerpt: [] } },
      { verdict: 'crash', reason: 'Oops' },
    ],
  ])('%s', async (_what, trace, expected) => expect(await run(trace, xfail)).toMatchObject(expected));
});

describe('a skip', () => {
  const never = new Error('it must not run');
  it('has the code and reason of the point', async () => {
    const skip = { code: 'arch:x86_64', reason: 'holds for aarch64 only' };
    expect(await run(never, { skip })).toMatchObject({ verdict: 'skip', ...skip, calls: [], mismatches: [] });
  });

  it('names the feature that is missing, and why', async () => {
    const features = new Map([['gmem', { present: false, why: 'absent: KVM_CREATE_GUEST_MEMFD (ENOTTY)' }]]);
    expect(await run(never, { requires: ['gmem'] }, features)).toMatchObject({
      verdict: 'skip',
      code: 'feature:gmem',
      reason: 'absent: KVM_CREATE_GUEST_MEMFD (ENOTTY)',
    });
  });

  it('for its profile says rather which feature is missing, when one is', async () => {
    const skip = { code: 'profile:d0-mainline', reason: 'holds for d3..d8 only' };
    const features = new Map([['conversion', { present: false, why: 'no conversion ioctl (ENOTTY)' }]]);
    const of = (code: string) => run(never, { skip: { ...skip, code }, requires: ['conversion'] }, features);
    expect(await of('profile:d0-mainline')).toMatchObject({
      code: 'feature:conversion',
      reason: 'no conversion ioctl (ENOTTY)',
    });
    expect(await of('arch:x86_64')).toMatchObject({ code: 'arch:x86_64' });
    const present = new Map([['conversion', { present: true, why: '' }]]);
    expect(await run(never, { skip, requires: ['conversion'] }, present)).toMatchObject(skip);
  });

  it('is not made of features that are there', async () => {
    expect(await run({ steps: [ok] }, { requires: ['gmem'] })).toMatchObject({ verdict: 'pass' });
  });
});

describe('a point with parallel threads', () => {
  const racing = {
    program: program(
      'p',
      step('parallel', { threads: [[step('close', { on: 'kvm' })], [step('close', { on: 'kvm' })]] }),
    ),
  };
  const good: Trace = { steps: [{ ...ok, threads: [[ok], [{ ...ok }]] }] };
  const wrong: Trace = { steps: [{ ...ok, threads: [[ok], [bad]] }] };

  /** Run with traces in turn; returns the record and the seeds. */
  async function rounds(traces: readonly Trace[], count: number, overrides: Partial<TestPoint> = {}) {
    const seeds: (number | undefined)[] = [];
    const begun: number[] = [];
    const record = await runPoint(
      { ...point, ...racing, ...overrides },
      {
        run: (_program, seed) => {
          const trace = traces[Math.min(seeds.push(seed), traces.length) - 1];
          return trace ? Promise.resolve(trace) : Promise.reject(new Error('no trace'));
        },
        features: new Map(),
        replay: (id) => id,
        rounds: { count, seed: 7, begin: (n) => begun.push(n) },
      },
    );
    return { record, seeds, begun };
  }

  it('runs as often as asked, with another seed each time', async () => {
    const { record, seeds, begun } = await rounds([good], 3);
    expect(record).toMatchObject({ verdict: 'pass', rounds: 3, seed: 9 });
    expect([seeds, begun]).toEqual([
      [7, 8, 9],
      [1, 2, 3],
    ]);
  });

  it('counts each of its blocks as a round, and ends with the program', async () => {
    const both = { program: program('p', ...racing.program.steps, ...racing.program.steps) };
    const { record, seeds, begun } = await rounds([{ steps: [...good.steps, ...good.steps] }], 3, both);
    expect(record).toMatchObject({ verdict: 'pass', rounds: 4, seed: 8 });
    expect([seeds, begun]).toEqual([
      [7, 8],
      [1, 3],
    ]);
  });

  it('ends with the first round that does not pass, and says which', async () => {
    const { record, seeds } = await rounds([good, wrong, good], 5);
    expect(record).toMatchObject({ verdict: 'fail', rounds: 2, seed: 8, mismatches: [{ step: 3 }] });
    expect(seeds).toHaveLength(2);
  });

  it('that is known to fail has all rounds to do so', async () => {
    const known = { xfail: 'known' };
    expect((await rounds([good, wrong], 5, known)).record).toMatchObject({ verdict: 'xfail', rounds: 2 });
    expect((await rounds([good], 5, known)).record).toMatchObject({ verdict: 'xpass', rounds: 5 });
  });

  it('alone has rounds', async () => {
    const { record, seeds } = await rounds([{ steps: [ok] }], 5, { program: point.program });
    expect(record).not.toHaveProperty('rounds');
    expect(seeds).toEqual([undefined]);
  });
});
