// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { describeStep } from '../../program/describe.js';
import { step } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { execute } from '../core/execute.js';
import { worldOf } from '../core/world.js';
import { RULES } from './index.js';

const PAGE = 4096n;
const profile = findProfile('d8');
if (!profile) throw new Error('no d8');
const world = worldOf(profile, 'x86_64', Number(PAGE));

/** A shared file of four pages, mapped with two more as `m`, its page 1 private. */
const FIXTURE = [
  step('create_vm', { type: 'private_capable' }),
  step('create_gmem', { size: 4n * PAGE, flags: 3n }),
  step('mmap', { of: 'gmem', length: 6n * PAGE }),
  step('convert', { offset: PAGE, size: PAGE, to: 'private' }),
];

function last(...steps: PlannedStep[]): StepResult {
  const all = execute(RULES, world, [...FIXTURE, ...steps]).steps;
  const result = all.at(-1);
  if (!result) throw new Error(steps.map((s) => describeStep(s.step)).join());
  return result;
}
const outcome = (...steps: PlannedStep[]): string => {
  const { errno, fields, fault } = last(...steps);
  if (fault) return `${fault.signal} ${String(fault.code)} at ${String(fault.at)}`;
  return [errno, ...Object.entries(fields).map(([name, v]) => `${name} ${String(v)}`)].join(', ');
};
const protect = (arg: bigint): PlannedStep => step('map_op', { op: 'mprotect', length: PAGE, arg });
const punch = (page: bigint): PlannedStep =>
  step('fallocate', { mode: 3n, offset: page * PAGE, length: PAGE });
const toPrivate = step('convert', { offset: 0n, size: 4n * PAGE, to: 'private' });

describe('an access', () => {
  it.each([
    ['a private page', step('load', { offset: PAGE }), 'SIGBUS 2 at 4096'],
    ['a boundary into it', step('load', { offset: PAGE - 4n }), 'SIGBUS 2 at 4096'],
    ['a boundary out of it', step('store', { offset: 2n * PAGE - 4n, value: 1n }), 'SIGBUS 2 at 8188'],
    ['the end of the file', step('load', { offset: 4n * PAGE + 8n }), 'SIGBUS 2 at 16392'],
    ['a shared page', step('load', { offset: 0n }), '0, value 0'],
  ])('of %s', (_name, access, expected) => {
    expect(outcome(access)).toBe(expected);
  });

  it('asks for rights before states', () => {
    const prot = step('map_op', { op: 'mprotect', offset: PAGE, length: PAGE, arg: 1n });
    expect(outcome(prot, step('store', { offset: PAGE, value: 1n }))).toBe('SIGSEGV 2 at 4096');
  });

  it('that crosses into a page that refuses it has touched the one before', () => {
    expect(outcome(step('pagemap', { offset: 0n }))).toBe('0, present 0');
    expect(outcome(step('load', { offset: PAGE - 4n }), step('pagemap', { offset: 0n }))).toBe(
      '0, present 1',
    );
  });
});

describe('the kernel', () => {
  it.each([
    ['process_vm_read', '0, value 8'],
    ['file_write', '0, value 8'],
    ['proc_mem_read', '0, value 8'],
    ['vmsplice_read', '0, value 8'],
    ['pipe_read', 'EFAULT'],
    ['pipe_write', 'EFAULT'],
    ['io_uring_buffer', 'EFAULT'],
  ] as const)('by %s over the boundary to a private page', (how, expected) => {
    expect(outcome(step('touch', { how, offset: PAGE - 8n, length: 16n }))).toBe(expected);
  });

  it('writes up to the page that refuses it, even when it says EFAULT', () => {
    const write = step('touch', { how: 'pipe_write', offset: PAGE - 8n, length: 16n });
    expect(outcome(write, step('load', { offset: PAGE - 8n }))).toBe(`0, value 11936128518282651045`);
  });

  it('holds a page that it has a buffer in', () => {
    const buffer = step('touch', { how: 'io_uring_buffer', offset: 2n * PAGE });
    expect(outcome(buffer, toPrivate)).toContain('EAGAIN');
  });

  it('takes what can be written fast from the page table, whatever may be read', () => {
    const touch = step('touch', { how: 'vmsplice_read', offset: 0n });
    expect(outcome(protect(2n), touch)).toBe('EFAULT');
    expect(outcome(step('store', { value: 1n }), protect(2n), touch)).toBe('0, value 8');
  });
});

describe('a pin', () => {
  const pin = (how: 'gup_longterm' | 'vmsplice' | 'io_uring', offset = 3n * PAGE): PlannedStep =>
    step('pin', { how, offset });

  it('is refused a private page, and one for writing a page that is only read', () => {
    expect(outcome(pin('gup_longterm', PAGE))).toBe('EFAULT');
    expect(outcome(protect(1n), pin('io_uring', 0n))).toBe('EFAULT');
    expect(outcome(protect(1n), pin('vmsplice', 0n))).toBe('0');
  });

  it('is what a conversion is refused for until it is let go', () => {
    expect(outcome(pin('vmsplice'), toPrivate)).toContain(`error_offset ${3n * PAGE}`);
    expect(outcome(pin('vmsplice'), step('unpin', {}), toPrivate)).toMatch(/^0/);
  });

  it('shows its holder what was in a page that left the file', () => {
    const store = step('store', { offset: 3n * PAGE, value: 42n });
    const later = step('store', { offset: 3n * PAGE, value: 43n });
    expect(outcome(store, pin('gup_longterm'), later, step('unpin', {}))).toBe('0, value 43');
    expect(outcome(store, pin('gup_longterm'), punch(3n), later, step('unpin', {}))).toBe('0, value 42');
  });

  it('ends with its process, that of a ring after a while', () => {
    const child = (how: 'gup_longterm' | 'io_uring'): PlannedStep => step('fork', { steps: [pin(how)] });
    expect(outcome(child('gup_longterm'), toPrivate)).toMatch(/^0/);
    expect(outcome(child('io_uring'), toPrivate)).toContain('EAGAIN');
    expect(outcome(child('io_uring'), step('wait', { ms: 1000n }), toPrivate)).toMatch(/^0/);
  });
});
