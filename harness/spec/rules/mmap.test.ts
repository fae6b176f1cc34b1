// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import { answers, last, load, made, PAGE, worldIn } from './file-rules.test-helper.js';

const SHARED = 1n;
const PRIVATE = 2n;
const VALIDATE = 3n;
const EXEC = 4n;
const SYNC = 0x80000n;
const POPULATE = 0x8000n;
const LIMIT = 1n << 63n;

const mmap = (args: Args<'mmap'>): PlannedStep => step('mmap', { of: 'gmem', length: PAGE, ...args });

describe('mmap of a guest_memfd', () => {
  it.each<[bigint, Args<'mmap'>, string]>([
    [3n, {}, '0'],
    [0n, {}, 'ENODEV'],
    [0n, { prot: EXEC }, 'EPERM'],
    [0n, { flags: PRIVATE }, 'ENODEV'],
    [3n, { flags: PRIVATE }, 'EINVAL'],
    [3n, { flags: 0n }, 'EINVAL'],
    [3n, { flags: SHARED | SYNC }, '0'],
    [3n, { flags: VALIDATE | SYNC }, 'EOPNOTSUPP'],
    [3n, { flags: VALIDATE | SYNC, prot: EXEC }, 'EOPNOTSUPP'],
    [3n, { length: 0n }, 'EINVAL'],
    [3n, { length: -1n }, 'ENOMEM'],
    [3n, { length: 1n << 50n }, 'ENOMEM'],
    [3n, { offset: 1n }, 'EINVAL'],
    [3n, { offset: LIMIT - 2n * PAGE }, '0'],
    [3n, { offset: LIMIT - PAGE }, 'EOVERFLOW'],
    [3n, { offset: -PAGE }, 'EOVERFLOW'],
  ])('made with flags %d, by %o, is %s', (flags, args, expected) => {
    expect(last([...made(flags), mmap(args)])).toBe(expected);
  });

  it('knows flags of x86 on x86 alone', () => {
    const steps = [...made(), mmap({ flags: VALIDATE | 0x80n })];
    expect(last(steps)).toBe('0');
    expect(last(steps, worldIn('d0', 'aarch64'))).toBe('EOPNOTSUPP');
  });

  it('of a closed file is EBADF, after an unaligned offset', () => {
    const closed = [...made(), step('close', { on: 'gmem' })];
    expect(last([...closed, mmap({})])).toBe('EBADF');
    expect(last([...closed, mmap({ offset: 1n })])).toBe('EINVAL');
  });

  it('populates up to the first page that it cannot have', () => {
    const present = (page: bigint): PlannedStep => step('pagemap', { map: 'm', offset: page * PAGE });
    const args = { offset: 2n * PAGE, length: 4n * PAGE, flags: SHARED | POPULATE };
    const { length } = made();
    const steps = [...made(), mmap(args), present(1n), present(2n), load(1n), load(2n)];
    expect(answers(steps, length)).toEqual(['0', '0', '0', '0 0x0', 'SIGBUS']);
  });
});

describe('mmap of memory', () => {
  it.each<[Args<'mmap'>, string]>([
    [{ length: PAGE }, '0'],
    [{ length: PAGE, flags: PRIVATE }, 'EBADF'],
    [{ length: PAGE, flags: 0x20n | VALIDATE }, 'EINVAL'],
  ])('by %o is %s', (args, expected) => {
    expect(last([step('mmap', args)])).toBe(expected);
  });
});
