// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import { inferred } from './requires.js';

describe('a step that could harm a machine', () => {
  it.each<[string, ...PlannedStep[]]>([
    [
      'fchmod of a directory',
      step('open', { kind: 'directory' }),
      step('fd_op', { on: 'file', op: 'fchmod' }),
    ],
    ['an ioctl on a device', step('open', { kind: 'null' }), step('ioctl', { on: 'file', cmd: 1n })],
    ['allocating half a gigabyte', step('fallocate', { mode: 0n, length: 1n << 29n })],
    ['populating half a gigabyte', step('touch', { how: 'populate_write', length: 1n << 29n })],
    ['locking half a gigabyte', step('map_op', { op: 'mlock', length: 1n << 29n })],
  ])('needs a kernel of our own: %s', (_what, ...steps) => {
    expect(inferred(steps)).toContain('disposable');
  });

  it('is found behind a duplicate and in a child', () => {
    const open = step('open', { kind: 'directory' });
    const dup = step('dup', { on: 'file', as: 'd' });
    const child = step('fork', { steps: [step('fd_op', { on: 'd', op: 'fchown' })] });
    expect(inferred([open, dup, child])).toContain('disposable');
  });

  it.each<[string, ...PlannedStep[]]>([
    ['the same on a memfd', step('open', { kind: 'memfd' }), step('fd_op', { on: 'file', op: 'fchmod' })],
    ['a hole of any size', step('fallocate', { mode: 3n, length: 1n << 40n })],
    ['a few pages', step('fallocate', { mode: 0n, length: 1n << 16n })],
  ])('is not meant by %s', (_what, ...steps) => {
    expect(inferred(steps)).not.toContain('disposable');
  });
});
