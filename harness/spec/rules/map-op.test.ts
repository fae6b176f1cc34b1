// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import { MADV } from './advice.js';
import { answers, last, load, mapOp, mapped, PAGE, store } from './file-rules.test-helper.js';

const SETUP = mapped().length;
const after = (...steps: readonly PlannedStep[]): string[] => answers([...mapped(), ...steps], SETUP);
const advise = (advice: bigint, page = 0n, pages = 4n): PlannedStep => mapOp('madvise', page, pages, advice);

describe('madvise', () => {
  it.each<[keyof typeof MADV, string]>([
    ['NORMAL', '0'],
    ['WILLNEED', '0'],
    ['FREE', 'EINVAL'],
    ['WIPEONFORK', 'EINVAL'],
    ['MERGEABLE', 'EINVAL'],
    ['COLLAPSE', 'EINVAL'],
    ['POPULATE_WRITE', '0'],
    ['HWPOISON', 'EBUSY'],
  ])('%s of shared pages is %s', (advice, expected) => {
    expect(last([...mapped(), advise(MADV[advice])])).toBe(expected);
  });

  it.each<[keyof typeof MADV, string]>([
    ['REMOVE', '0'],
    ['POPULATE_READ', 'EFAULT'],
    ['HWPOISON', 'EFAULT'],
  ])('%s of private pages is %s', (advice, expected) => {
    expect(last([...mapped(1n), advise(MADV[advice])])).toBe(expected);
  });

  it('REMOVE frees pages that are not locked', () => {
    expect(after(advise(MADV.REMOVE, 1n, 1n), load(1n), load(3n))).toEqual(['0', '0 0x0', '0 0x3333']);
    expect(after(mapOp('mlock', 1n, 1n), advise(MADV.REMOVE, 1n, 1n), load(1n))).toEqual([
      '0',
      'EINVAL',
      '0 0x1111',
    ]);
  });

  it('DONTFORK hides pages from a child, and DOFORK shows them again', () => {
    const child = step('fork', { steps: [load(1n)] });
    expect(after(advise(MADV.DONTFORK), child, load(1n))).toEqual(['0', '0', 'SIGSEGV', '0 0x1111']);
    expect(after(advise(MADV.DONTFORK), advise(MADV.DOFORK), child).at(-1)).toBe('0 0x1111');
  });

  it('marks a failed page for good in the page tables that had it, until the entries are dropped', () => {
    const punch = step('fallocate', { mode: 3n, offset: PAGE, length: PAGE });
    const steps = [advise(MADV.HWPOISON, 1n, 1n), punch, load(1n), advise(MADV.DONTNEED, 1n, 1n), load(1n)];
    expect(after(...steps)).toEqual(['EBUSY', '0', 'SIGBUS', '0', '0 0x0']);
  });

  it('hides guarded pages from one mapping', () => {
    const other = step('mmap', { of: 'gmem', length: 4n * PAGE, as: 'n' });
    const steps = [other, advise(MADV.GUARD_INSTALL, 1n, 1n), load(1n), load(1n, 'n')];
    expect(after(...steps)).toEqual(['0', '0', 'SIGSEGV', '0 0x1111']);
  });

  it('drops what private memory of a process held', () => {
    const memory = [
      step('mmap', { length: 2n * PAGE }),
      store(1n, 7n),
      advise(MADV.DONTNEED, 0n, 2n),
      load(1n),
    ];
    expect(last(memory)).toBe('0 0x0');
  });
});

describe('a call on a range', () => {
  it.each([
    ['munmap', 'EINVAL'],
    ['mprotect', '0'],
    ['madvise', '0'],
    ['mlock', '0'],
    ['msync', '0'],
  ] as const)('%s of nothing is %s', (op, expected) => {
    expect(last([...mapped(), mapOp(op, 0n, 0n)])).toBe(expected);
  });

  it('changes the protection of what lies before a gap', () => {
    const steps = [mapOp('munmap', 2n, 1n), mapOp('mprotect', 0n, 4n, 1n), store(1n, 1n), store(3n, 1n)];
    expect(after(...steps)).toEqual(['0', 'ENOMEM', 'SIGSEGV', '0']);
  });

  it('locks pages that it cannot have', () => {
    const file = mapped(1n);
    const steps = [...file, mapOp('mlock', 0n, 1n), mapOp('madvise', 0n, 1n, MADV.DONTNEED)];
    expect(answers(steps, file.length)).toEqual(['ENOMEM', 'EINVAL']);
  });

  it.each([
    [0n, '0'],
    [1n, '0'],
    [4n, 'EINVAL'],
    [5n, 'EINVAL'],
    [8n, 'EINVAL'],
  ])('msync with flags %d is %s', (flags, expected) => {
    expect(last([...mapped(), mapOp('msync', 0n, 4n, flags)])).toBe(expected);
  });

  it('counts a page as in core from its first use on', () => {
    const allocate = step('fallocate', { mode: 1n, length: 4n * PAGE });
    const inCore = (page: bigint): PlannedStep => mapOp('mincore', page, 1n);
    const steps = [allocate, inCore(0n), inCore(1n), load(0n), inCore(0n)];
    expect(after(...steps)).toEqual(['0', '0 0x0', '0 0x1', '0 0x0', '0 0x1']);
  });

  it('keeps what a mapping shows when it shrinks and grows', () => {
    const resize = (from: bigint, to: bigint): PlannedStep => mapOp('mremap', 0n, from, to * PAGE);
    const steps = [resize(4n, 2n), load(1n), resize(2n, 8n), load(3n), load(4n), resize(8n, 0n)];
    expect(after(...steps)).toEqual(['0', '0 0x1111', '0', '0 0x3333', 'SIGBUS', 'EINVAL']);
  });
});
