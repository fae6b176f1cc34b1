// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import { answers, last, load, made, mapped, PAGE, store } from './file-rules.test-helper.js';

const PUNCH = 3n;
const fallocate = (args: Partial<Args<'fallocate'>>): PlannedStep =>
  step('fallocate', { mode: PUNCH, length: PAGE, ...args });

describe('fallocate', () => {
  it.each<[Partial<Args<'fallocate'>>, string]>([
    [{}, '0'],
    [{ mode: 1n }, '0'],
    [{ mode: 0n }, 'EOPNOTSUPP'],
    [{ mode: 2n }, 'EOPNOTSUPP'],
    [{ mode: (1n << 32n) | 1n }, '0'],
    [{ length: 0n, mode: 0n }, 'EINVAL'],
    [{ offset: -PAGE }, 'EINVAL'],
    [{ offset: 1n << 63n }, 'EINVAL'],
    [{ offset: 1n }, 'EINVAL'],
    [{ length: 1n }, 'EINVAL'],
    [{ offset: PAGE, length: (1n << 63n) - PAGE }, 'EFBIG'],
    // The VFS knows ZERO_RANGE and leaves it to the file, and knows no two modes at once.
    [{ mode: 0x10n, offset: PAGE, length: (1n << 63n) - PAGE }, 'EFBIG'],
    [{ mode: 0x12n, offset: PAGE, length: (1n << 63n) - PAGE }, 'EOPNOTSUPP'],
    [{ mode: 1n, offset: 4n * PAGE }, 'EINVAL'],
    [{ mode: 1n, offset: 3n * PAGE }, '0'],
    [{ offset: 9n * PAGE }, '0'],
  ])('of %o is %s', (args, expected) => {
    expect(last([...made(), fallocate(args)])).toBe(expected);
  });

  it('of a closed file is EBADF', () => {
    expect(last([...made(), step('close', { on: 'gmem' }), fallocate({ length: 0n })])).toBe('EBADF');
  });

  it('frees exactly the pages of a hole, in every mapping, and lets pins be', () => {
    const setUp = [
      ...mapped(),
      step('mmap', { of: 'gmem', length: 4n * PAGE, as: 'n' }),
      step('pin', { map: 'm', offset: PAGE, how: 'vmsplice' }),
    ];
    const steps = [
      fallocate({ offset: PAGE }),
      load(1n),
      load(1n, 'n'),
      load(3n),
      store(1n, 5n),
      load(1n, 'n'),
    ];
    expect(answers([...setUp, ...steps], setUp.length)).toEqual([
      '0',
      '0 0x0',
      '0 0x0',
      '0 0x3333',
      '0',
      '0 0x5',
    ]);
  });
});
