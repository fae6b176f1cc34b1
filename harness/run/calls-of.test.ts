// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { StepResult } from '../program/trace.js';
import { callsOf } from './calls-of.js';

const block = step('parallel', { threads: [[step('close', { on: 'a' })], [step('close', { on: 'b' })]] });
const set = step('create_vm', {});
// Numbered 1; 2 (3, 4), 5; 6 (7, 8), 9; 10 (11, 12), 13.
const planned = program('x', set, block, set, block, set, block, set);
const done = (call: string): StepResult => ({
  state: 'done',
  errno: '0',
  fields: {},
  calls: [call],
  durationNs: 1n,
  children: [],
});
const trace = { steps: ['0', '1', '2', '3', '4', '5', '6'].map(done) };
const shown = (wrong?: number): string => callsOf(planned, trace, wrong).join('');

describe('the calls of a program with several blocks', () => {
  it('are those from the block before the wrong step to the next', () => {
    expect([9, 8, 6].map(shown)).toEqual(['1234', '1234', '1234']);
    expect([10, 13].map(shown)).toEqual(['3456', '3456']);
  });

  it('begin with the fixture where the first block went wrong', () => {
    expect([2, 5].map(shown)).toEqual(['012', '012']);
  });

  it('are all of them where nobody knows what is wrong', () => {
    expect(shown()).toBe('0123456');
  });
});
