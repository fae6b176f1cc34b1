// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { StepResult } from '../../program/trace.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { interleave } from './interleave.js';
import type { Fits, Thread } from './interleave.js';
import { isOutcome } from './match.js';
import { always, effect, mayRefuse, refuse, succeed } from './rule.js';
import { START } from './state.js';
import type { State } from './state.js';
import type { RuleBook } from './step.js';
import { worldOf } from './world.js';

const profile = findProfile('d8');
if (!profile) throw new Error('no d8');
const world = worldOf(profile, 'x86_64', 4096);
const done: StepResult = { state: 'done', errno: '0', fields: {}, calls: [], durationNs: 1n, children: [] };

/** One register, nextId: `wait` puts a number there when it held the one before, `check_extension` reads it. */
const REGISTER: RuleBook = {
  wait: [
    succeed('a.b.put', always, {
      effects: [effect('a.b.put', ({ state, step: s }): State => ({ ...state, nextId: Number(s.ms) }))],
    }),
  ],
  check_extension: [succeed('a.b.get', always, { report: ({ state }) => ({ value: BigInt(state.nextId) }) })],
  close: [
    mayRefuse('a.b.now-and-then', 'EAGAIN', ({ world: w }) => w.concurrent === true),
    refuse('a.b.never', 'EPERM', () => false),
    succeed('a.b.closed', always),
  ],
};
type Span = [start: number, end: number];
const span = (s?: Span): Partial<StepResult> =>
  s ? { span: { start: BigInt(s[0]), end: BigInt(s[1]) } } : {};
const put = (value: number, s?: Span): Thread[number] => ({
  planned: step('wait', { ms: BigInt(value) }),
  result: { ...done, ...span(s) },
});
const get = (value: number, s?: Span): Thread[number] => ({
  planned: step('check_extension', { cap: 1n }),
  result: { ...done, fields: { value: BigInt(value) }, ...span(s) },
});
const closed = (errno: string): Thread[number] => ({
  planned: step('close', { on: 'kvm' }),
  result: { ...done, errno },
});
const seen: Fits<StepResult> = (outcome, s) => isOutcome(outcome, s.result);
const search = (...threads: Thread[]) => interleave(REGISTER, world, [START], threads, seen);

describe('an order of the steps of threads', () => {
  it('is found where one explains everything', () => {
    expect(search([put(10), get(10)], [put(20), get(20)]).states.map((s) => s.nextId)).toEqual([20, 10]);
    expect(search([put(10), get(20)], [put(20), get(20)]).states.map((s) => s.nextId)).toEqual([20]);
  });

  it('is none where every thread saw the other come last', () => {
    const { states, stuck } = search([put(10), get(20)], [put(20), get(10)]);
    expect(states).toEqual([]);
    expect(stuck?.explained.reduce((a, b) => a + b)).toBe(3);
    expect(stuck?.next).toMatchObject([{ result: { fields: {} } }]);
  });

  it('keeps what had ended before another began in its place', () => {
    expect(search([put(10, [1, 2])], [get(10, [3, 4])]).states).toHaveLength(1);
    expect(search([put(10, [1, 2])], [get(3, [3, 4])]).states).toHaveLength(0);
    expect(search([put(10, [1, 4])], [get(3, [3, 5])]).states).toHaveLength(1);
  });

  it('allows what only steps at the same time may do', () => {
    expect(search([closed('EAGAIN')], [closed('0')]).states).toHaveLength(1);
    expect(search([closed('EPERM')], []).states).toHaveLength(0);
  });

  it('says when the rules are silent', () => {
    expect(interleave({}, world, [START], [[put(1)], [get(7)]], seen).unspecified).toBe(true);
  });

  it('is given up at the bound, and says so', () => {
    const many = Array.from({ length: 4 }, (_, t) => [0, 1, 2, 3].map((i) => put(10 * t + i)));
    expect(interleave(REGISTER, world, [START], many, seen, 100)).toMatchObject({
      exhausted: true,
      states: [],
    });
    expect(interleave(REGISTER, world, [START], many, seen).tried).toBeLessThan(20_000);
  });
});
