// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { execute } from '../core/execute.js';
import { worldOf } from '../core/world.js';
import { RULES } from './index.js';

/** What the last step of a program does: its errno, and the value that it reports if it reports one. */
function last(
  dialect: string,
  steps: readonly PlannedStep[],
  given: Readonly<Record<string, boolean>> = {},
): string {
  const profile = findProfile(dialect);
  if (!profile) throw new Error(`no profile ${dialect}`);
  const world = worldOf(profile, 'x86_64', 4096, new Map(Object.entries(given)));
  const result = execute(RULES, world, steps).steps.at(-1);
  if (result?.state !== 'done') return result?.state ?? 'nothing';
  const value = result.fields['value'];
  return value === undefined ? result.errno : `${result.errno} ${value}`;
}

const vm = (type: 'default' | 'sw_protected' = 'default'): PlannedStep => step('create_vm', { type });
const gmem = step('create_gmem', { size: 4096n });
const fork = (...steps: PlannedStep[]): PlannedStep => step('fork', { steps });

describe('KVM_CHECK_EXTENSION', () => {
  it.each([
    ['d0', 'sw_protected', 244n, '0 1'],
    ['d8', 'sw_protected', 244n, '0 3'],
    ['d7', 'sw_protected', 250n, '0 8'],
    ['d7', 'default', 250n, '0 0'],
    ['d8', 'sw_protected', 250n, '0 0'],
    ['d4', 'sw_protected', 250n, '0 3'],
    ['d1', 'default', 241n, '0 1'],
    ['d8', 'default', 1n << 40n, '0 0'],
  ] as const)('of %s says of a %s VM for %d: %s', (dialect, type, cap, answer) => {
    const asked = last(dialect, [vm(type), step('check_extension', { on: 'vm', cap })]);
    expect(asked).toBe(answer);
  });
});

describe('descriptors', () => {
  const stat = step('fallocate', { mode: 3n, length: 4096n });
  it('keep a file as long as one of them or a mapping is there', () => {
    const closed = [vm(), gmem, step('dup', { on: 'gmem' }), step('close', { on: 'gmem' })];
    expect(last('d8', [...closed, stat])).toBe('EBADF');
    expect(last('d8', [...closed, step('fallocate', { on: 'dup', mode: 3n, length: 4096n })])).toBe('0');
  });
  it('of a child are its own to close', () => {
    expect(last('d8', [vm(), gmem, fork(step('close', { on: 'gmem' })), stat])).toBe('0');
  });
  it('that were not made leave their name without one', () => {
    expect(last('d8', [vm(), gmem, step('create_gmem', { size: 1n }), stat])).toBe('dependency');
  });
});

describe('KVM_SET_MEMORY_ATTRIBUTES', () => {
  const set = step('set_vm_attributes', { gpa: 0n, size: 4096n, attributes: 8n });
  it.each([
    ['d0', 'sw_protected', {}, '0'],
    ['d0', 'default', {}, 'EINVAL'],
    ['d0', 'sw_protected', { 'vm-attributes': false }, 'ENOTTY'],
    ['d1', 'sw_protected', {}, '0'],
    ['d5', 'sw_protected', {}, 'ENOTTY'],
    ['d8', 'sw_protected', { 'vm-attributes': true }, 'EINVAL'],
    ['d8', 'sw_protected', { 'vm-attributes': false }, 'ENOTTY'],
  ] as const)('of %s on a %s VM with %j is %s', (dialect, type, given, errno) => {
    expect(last(dialect, [vm(type), set], given)).toBe(errno);
  });
});

describe('ioctl', () => {
  it.each([
    ['d8', 'gmem', 0xc080aed2n, 'EFAULT'],
    ['d8', 'gmem', 0xc040af41n, 'ENOTTY'],
    ['d1', 'gmem', 0xc040af41n, 'EFAULT'],
    ['d0', 'gmem', 0xc080aed2n, 'ENOTTY'],
    ['d8', 'vm', 0xc080aed2n, 'ENOTTY'],
    ['d8', 'kvm', 0xc080aed2n, 'EINVAL'],
    ['d8', 'vm', 0xc040aed4n, 'EFAULT'],
    ['d8', 'vm', 0x4040aed4n, 'ENOTTY'],
  ] as const)('of %s on %s by 0x%x and a null pointer is %s', (dialect, on, cmd, errno) => {
    expect(last(dialect, [vm('sw_protected'), gmem, step('ioctl', { on, cmd, value: 0n })])).toBe(errno);
  });
});
