// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { Expect, PlannedStep } from '../program/step.js';
import type { Fault, StepResult, Trace } from '../program/trace.js';
import type { CrashReport } from '../target/executor.js';
import { judge } from './judge.js';

const ok: StepResult = {
  state: 'done',
  errno: '0',
  fields: {},
  calls: ['call() = 0'],
  durationNs: 1n,
  children: [],
};
const failed = (errno: string): StepResult => ({ ...ok, errno, calls: [`call() = -1 ${errno}`] });
const faulted = (fault: Fault): StepResult => ({ ...ok, errno: 'EFAULT', fault });
const crash: CrashReport = { kind: 'panic', title: 'Kernel panic: x', excerpt: [] };

const load = (expected: Partial<Expect> = {}): PlannedStep =>
  step('load', { map: 'm' }, { fields: {}, ...expected });
const of = (steps: readonly PlannedStep[], trace: Partial<Trace> & Pick<Trace, 'steps'>) =>
  judge(program('p', ...steps), trace);
/** The verdict of one step that expects something and does something. */
const verdict = (expected: Partial<Expect>, result: StepResult): string =>
  of([load(expected)], { steps: [result] }).verdict;

describe('a step', () => {
  it.each<[string, Partial<Expect>, StepResult]>([
    ['that is to succeed and does', {}, ok],
    ['whose errno is as expected', { errno: 'EINVAL' }, failed('EINVAL')],
    ['whose success is spelt out', { errno: '0' }, ok],
    ['whose fields are as expected', { fields: { value: 7n } }, { ...ok, fields: { value: 7n, other: 1n } }],
    ['that is not to fault and does not', { fault: 'none' }, ok],
    ['that faults as expected', { fault: 'SIGBUS' }, faulted({ signal: 'SIGBUS', code: 2n, at: 0n })],
    [
      'that faults with the code and at the place expected',
      { fault: 'SIGBUS', fields: { code: 2n, at: 4096n } },
      faulted({ signal: 'SIGBUS', code: 2n, at: 4096n }),
    ],
    [
      'that faults where the target sees a refusal only',
      { fault: 'SIGBUS', fields: { code: 2n } },
      faulted({ signal: 'refused' }),
    ],
  ])('%s passes', (_what, expected, result) => expect(verdict(expected, result)).toBe('pass'));

  it.each<[string, Partial<Expect>, StepResult]>([
    ['that is to succeed and fails', {}, failed('EINVAL')],
    ['that is to fail and succeeds', { errno: 'EINVAL' }, ok],
    ['that fails otherwise', { errno: 'EINVAL' }, failed('EPERM')],
    ['that fails with an errno that is none', { errno: 'EINVAL' }, failed('errno 512')],
    ['with another field', { fields: { value: 7n } }, { ...ok, fields: { value: 8n } }],
    ['without the field', { fields: { value: 7n } }, ok],
    ['that is to fault and does not', { fault: 'SIGBUS' }, ok],
    ['that is to fault and gets EFAULT from a call', { fault: 'SIGBUS' }, failed('EFAULT')],
    ['that faults unexpectedly', {}, faulted({ signal: 'SIGBUS', code: 2n, at: 0n })],
    ['that is refused unexpectedly', {}, faulted({ signal: 'refused' })],
    ['that faults instead of failing', { errno: 'EFAULT' }, faulted({ signal: 'SIGBUS', code: 2n, at: 0n })],
    ['that is not to fault and does', { fault: 'none' }, faulted({ signal: 'SIGSEGV', code: 1n, at: 0n })],
    [
      'that faults with another signal',
      { fault: 'SIGBUS' },
      faulted({ signal: 'SIGSEGV', code: 1n, at: 0n }),
    ],
    [
      'that faults with another code',
      { fault: 'SIGBUS', fields: { code: 2n } },
      faulted({ signal: 'SIGBUS', code: 4n, at: 0n }),
    ],
    [
      'that faults elsewhere',
      { fault: 'SIGBUS', fields: { at: 0n } },
      faulted({ signal: 'SIGBUS', code: 2n, at: 8n }),
    ],
  ])('%s fails', (_what, expected, result) => expect(verdict(expected, result)).toBe('fail'));

  it('that was never reached is an error, never a pass', () => {
    for (const state of ['not-run', 'in-flight', 'dependency'] as const) {
      expect(of([load()], { steps: [{ ...ok, state }] })).toMatchObject({ verdict: 'error', mismatches: [] });
    }
    expect(of([load()], { steps: [] })).toMatchObject({
      verdict: 'error',
      reason: 'not every step was executed',
    });
    expect(of([load()], { steps: [], cut: 'killed' })).toMatchObject({ verdict: 'error', reason: 'killed' });
  });

  it('that was to fail and was never called is no pass either', () => {
    expect(verdict({ errno: 'EINVAL' }, { ...ok, state: 'dependency', errno: '0' })).toBe('error');
    expect(verdict({ fault: 'SIGBUS' }, { ...ok, state: 'not-run' })).toBe('error');
  });
});

describe('a program', () => {
  it('without steps passes', () => expect(of([], { steps: [] }).verdict).toBe('pass'));

  it('with a mismatch fails, whatever was not executed because of it', () => {
    const result = of([load(), load()], {
      steps: [failed('EPERM'), { ...ok, state: 'dependency' }],
      cut: 'killed',
    });
    expect(result.verdict).toBe('fail');
    expect(result.mismatches).toHaveLength(1);
  });

  it('that was cut short after good steps is an error', () => {
    expect(of([load()], { steps: [ok], cut: 'it was killed' })).toEqual({
      verdict: 'error',
      reason: 'it was killed',
      mismatches: [],
    });
  });

  it('that crashed is a crash, whatever its steps returned', () => {
    for (const steps of [[], [ok], [failed('EPERM')], [{ ...ok, state: 'in-flight' as const }]]) {
      expect(of([load()], { steps, crash })).toMatchObject({ verdict: 'crash', reason: 'Kernel panic: x' });
    }
    expect(of([load()], { steps: [ok], crash, cut: 'killed' }).verdict).toBe('crash');
    expect(of([load()], { steps: [failed('EPERM')], crash }).mismatches).toHaveLength(1);
  });
});

describe('a mismatch', () => {
  it('says which step, where, what it was, what was expected and seen, and the calls', () => {
    const steps = [
      load(),
      step('store', { map: 'm', value: 5n, offset: 4096n }, { errno: 'EINVAL', fields: {} }),
    ];
    expect(of(steps, { steps: [ok, failed('EPERM')] }).mismatches).toEqual([
      {
        step: 2,
        where: 'probe',
        what: 'store: {map: m, offset: 4096, value: 5}',
        expected: 'EINVAL',
        seen: 'EPERM',
        calls: ['call() = -1 EPERM'],
      },
    ]);
  });

  it.each<[Partial<Expect>, StepResult, string, string]>([
    [{}, failed('EIO'), 'success', 'EIO'],
    [
      { fields: { value: 7n } },
      { ...ok, fields: { value: 1n << 40n } },
      'success, value 7',
      'success, value 0x10000000000',
    ],
    [{ fields: { value: 7n } }, ok, 'success, value 7', 'success, no value'],
    [
      { fields: { value: (1n << 64n) - 1n } },
      { ...ok, fields: { value: 0n } },
      'success, value -1',
      'success, value 0',
    ],
    [
      { errno: 'EAGAIN', fields: { error_offset: 4096n } },
      { ...failed('EINVAL'), fields: { error_offset: 0n } },
      'EAGAIN, error_offset 4096',
      'EINVAL, error_offset 0',
    ],
    [{ fault: 'SIGBUS', fields: { code: 2n, at: 8n } }, ok, 'SIGBUS, code 2, at 8', 'success'],
    [{}, faulted({ signal: 'SIGBUS', code: 2n, at: 8n }), 'success', 'SIGBUS (BUS_ADRERR) at +0x8'],
    [{}, faulted({ signal: 'refused' }), 'success', 'refused (EFAULT)'],
    [{}, { ...failed('EFAULT'), fields: { exit: 39n } }, 'success', 'EFAULT, exit 39'],
  ])('of %o and %o reads well', (expected, result, wanted, seen) => {
    expect(of([load(expected)], { steps: [result] }).mismatches).toMatchObject([{ expected: wanted, seen }]);
  });

  it('counts the steps of a child in place', () => {
    const steps = [load(), step('fork', { steps: [load(), load()] }), load()];
    const fork = { ...ok, children: [ok, failed('EPERM')] };
    expect(of(steps, { steps: [ok, fork, failed('EIO')] }).mismatches.map((m) => [m.step, m.seen])).toEqual([
      [4, 'EPERM'],
      [5, 'EIO'],
    ]);
  });

  it('is none where a child did not get that far, which is an error', () => {
    const steps = [step('fork', { steps: [load()] })];
    expect(of(steps, { steps: [{ ...ok, children: [{ ...ok, state: 'not-run' }] }] }).verdict).toBe('error');
    expect(of(steps, { steps: [{ ...ok, children: [] }] }).verdict).toBe('error');
  });
});

describe('steps of threads', () => {
  const any = step('load', { map: 'm' }, { fields: {}, any: true });
  const either = step(
    'load',
    {},
    { fields: {}, oneOf: [{ fields: { value: 1n } }, { fault: 'SIGBUS', fields: {} }] },
  );
  const bus = faulted({ signal: 'SIGBUS', code: 2n, at: 0n });
  const block = (one: PlannedStep, other: PlannedStep) => [
    step('parallel', { threads: [[one], [other]] }),
    load(),
  ];
  const ran = (one: StepResult, other: StepResult): Pick<Trace, 'steps'> => ({
    steps: [{ ...ok, threads: [[one], [other]] }, ok],
  });

  it('may do anything where the case says nothing', () => {
    for (const result of [ok, failed('EAGAIN'), bus])
      expect(of(block(any, any), ran(result, ok)).verdict).toBe('pass');
  });

  it('do one of several things where the case names them', () => {
    expect(of(block(either, any), ran({ ...ok, fields: { value: 1n } }, ok)).verdict).toBe('pass');
    expect(of(block(either, any), ran(bus, ok)).verdict).toBe('pass');
    expect(of(block(any, either), ran(ok, { ...ok, fields: { value: 2n } }))).toMatchObject({
      verdict: 'fail',
      mismatches: [{ step: 3, expected: 'success, value 1 or SIGBUS', seen: 'success, value 2' }],
    });
  });

  it('are all to be executed', () => {
    expect(of(block(any, any), { steps: [{ ...ok, threads: [[ok]] }, ok] }).verdict).toBe('error');
    expect(of(block(any, any), { steps: [ok, ok] }).verdict).toBe('error');
    expect(of(block(any, any), ran(ok, { ...ok, state: 'in-flight' })).verdict).toBe('error');
  });

  it('have trouble of ours as any step', () => {
    expect(of(block(any, any), ran(ok, { ...ok, trouble: 'x' }))).toMatchObject({
      verdict: 'error',
      reason: 'step 3: x',
    });
  });
});

describe('trouble of the harness itself', () => {
  const trouble: StepResult = { ...ok, trouble: 'setting up failed: ioctl() = -1 EINVAL' };

  it('makes an error of what would have passed', () => {
    expect(of([load()], { steps: [trouble] })).toMatchObject({
      verdict: 'error',
      reason: 'step 1: setting up failed: ioctl() = -1 EINVAL',
    });
  });

  it('takes the blame for everything after it', () => {
    const steps = [trouble, failed('EINVAL')];
    expect(of([load(), load()], { steps })).toMatchObject({ verdict: 'error', mismatches: [] });
  });

  it('does not excuse what went wrong before it', () => {
    expect(of([load(), load()], { steps: [failed('EINVAL'), trouble] }).verdict).toBe('fail');
  });

  it('is seen in a forked child', () => {
    const child = step('fork', { steps: [load()] });
    expect(of([child], { steps: [{ ...ok, children: [trouble] }] }).verdict).toBe('error');
  });
});
