// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { Expect } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { always, refuse, succeed } from '../spec/core/rule.js';
import { START } from '../spec/core/state.js';
import type { RuleBook } from '../spec/core/step.js';
import { track } from '../spec/core/track.js';
import { worldOf } from '../spec/core/world.js';
import { findProfile } from '../uapi/profiles/index.js';
import { judge } from './judge.js';
import type { Judgement } from './judge.js';
import { reconcile } from './reconcile.js';

const done: StepResult = { state: 'done', errno: '0', fields: {}, calls: [], durationNs: 1n, children: [] };
const profile = findProfile('d8');
if (!profile) throw new Error('no d8');
const world = worldOf(profile, 'x86_64', 4096);

/** The verdict on one step that is to do this and did that, where the rules allow something. */
function verdict(expected: Partial<Expect>, seen: string, book: RuleBook): Judgement {
  const p = program('p', step('check_extension', { cap: 1n }, { fields: {}, ...expected }));
  const trace = { steps: [{ ...done, errno: seen }] };
  return reconcile(judge(p, trace), track(book, world, [START], p.steps, trace.steps));
}

const only = (errno: string): RuleBook => ({
  check_extension: [errno === '0' ? succeed('a.b.c', always) : refuse('a.b.c', errno, always)],
});

describe('case and specification together', () => {
  it('pass what both allow', () => expect(verdict({}, '0', only('0')).verdict).toBe('pass'));

  it('fail what neither allows, with the rules at the step', () => {
    const result = verdict({}, 'EPERM', only('0'));
    expect(result.verdict).toBe('fail');
    expect(result.mismatches[0]?.allowed).toEqual(['success (a.b.c)']);
  });

  it('find nothing out where the case accepts what no rule allows', () => {
    expect(verdict({ errno: 'EPERM' }, 'EPERM', only('EINVAL'))).toMatchObject({
      verdict: 'error',
      reason:
        'the case accepts what the specification forbids: step 1, check_extension: {on: kvm, cap: 1}: seen EPERM; allowed: EINVAL (a.b.c)',
      mismatches: [],
    });
  });

  it('find nothing out where the case refuses what a rule allows', () => {
    expect(verdict({}, 'EPERM', only('EPERM'))).toMatchObject({
      verdict: 'error',
      reason:
        'the case refuses what the specification allows: step 1, check_extension: {on: kvm, cap: 1}: expected success, seen EPERM',
    });
  });

  it('fail what no order of threads explains, of which the case has nothing to say', () => {
    const thread = [step('check_extension', { cap: 1n }, { fields: {}, any: true })];
    const p = program('p', step('parallel', { threads: [thread, thread] }));
    const seen = { ...done, errno: 'EPERM', calls: ['ioctl() = -1 EPERM'] };
    const steps = [{ ...done, threads: [[done], [seen]] }];
    const result = reconcile(judge(p, { steps }), track(only('0'), world, [START], p.steps, steps));
    expect(result).toMatchObject({
      verdict: 'fail',
      mismatches: [{ step: 1, calls: ['ioctl() = -1 EPERM'] }],
    });
    expect(result.mismatches[0]?.seen).toContain('thread 2, check_extension');
  });

  it('have no say after a step of which the rules are silent', () => {
    const p = program('p', step('close', { on: 'kvm' }), step('check_extension', { cap: 1n }));
    const steps = [done, done];
    const tracked = track(only('EPERM'), world, [START], p.steps, steps);
    expect(tracked.violation?.step).toBe(2);
    expect(reconcile(judge(p, { steps }), tracked).verdict).toBe('pass');
  });

  it('find nothing out where states were dropped that might have explained it', () => {
    const p = program('p', step('check_extension', { cap: 1n }));
    const tracked = {
      ...track(only('EPERM'), world, [START], p.steps, [done]),
      bounded: true,
      threads: true,
    } as const;
    expect(reconcile(judge(p, { steps: [done] }), tracked).verdict).toBe('error');
  });

  it('leave the verdict to the case where there is no rule', () => {
    expect(verdict({}, 'EPERM', {}).verdict).toBe('fail');
    expect(verdict({}, '0', {}).verdict).toBe('pass');
  });
});
