// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { describeExpect, describeStep, number } from './describe.js';
import { step } from './make.js';

describe('step', () => {
  it('fills in what has a default', () => {
    expect(step('load', {}).step).toEqual({ verb: 'load', map: 'm', offset: 0n, width: 8n });
    expect(step('bind', { gpa: 1n, size: 2n }).step).toMatchObject({
      vm: 'vm',
      pad2: [],
      gmem: undefined,
      version: 2n,
    });
  });
  it('wants what has none', () => expect(() => step('create_gmem', {})).toThrow("create_gmem needs 'size'"));
});

describe('describeStep', () => {
  it.each([
    [step('create_vm', {}), 'create_vm: {}'],
    [
      step('create_gmem', { size: 1n << 20n, reserved: [0n, -1n] }),
      'create_gmem: {vm: vm, size: 0x100000, reserved: [0, -1]}',
    ],
    [step('load', { map: 'm' }), 'load: {map: m}'],
    [step('close', { on: 'gmem' }), 'close: {on: gmem}'],
    [
      step('fork', { steps: [step('load', {}), step('close', { on: 'vm' })] }),
      'fork: {steps: [load, close]}',
    ],
  ])('says %# in the words of a suite, without defaults', (planned, text) => {
    expect(describeStep(planned.step)).toBe(text);
  });
});

describe('describeExpect', () => {
  it.each([
    [{ fields: {} }, 'success'],
    [{ errno: 'EINVAL', fields: {} }, 'EINVAL'],
    [{ errno: '0', fields: { value: 3n } }, 'success, value 3'],
    [{ fault: 'SIGBUS', fields: { code: 2n, at: 4096n } }, 'SIGBUS, code 2, at 4096'],
    [{ fault: 'none', fields: {} }, 'success'],
  ] as const)('%o is %s', (expected, text) => expect(describeExpect(expected)).toBe(text));
});

describe('number', () => {
  it.each([
    [0n, '0'],
    [65535n, '65535'],
    [65536n, '0x10000'],
    [-1n, '-1'],
    [(1n << 64n) - 1n, '-1'],
    [1n << 63n, '0x8000000000000000'],
    [-(1n << 63n), '0x8000000000000000'],
  ])('%s is %s', (v, text) => expect(number(v)).toBe(text));
});
