// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { FdOp } from '../../program/fd-ops.js';
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import { answers, last, made, PAGE, worldIn } from './file-rules.test-helper.js';

type Rest = Omit<Args<'fd_op'>, 'op'>;

describe('a file operation', () => {
  it.each<[FdOp, Rest, string]>([
    ['read', { length: 0n }, 'EINVAL'],
    ['pread', {}, 'ESPIPE'],
    ['pread', { offset: -1n }, 'EINVAL'],
    ['preadv2', { offset: -1n }, 'EINVAL'],
    ['preadv2', { offset: -2n }, 'EINVAL'],
    ['lseek', { arg: 4n }, 'ESPIPE'],
    ['lseek', { arg: 5n }, 'EINVAL'],
    ['splice_to', {}, 'EINVAL'],
    ['splice_to', { length: 0n }, '0 0x0'],
    ['sendfile_from', {}, 'EINVAL'],
    ['sendfile_from_off', {}, 'ESPIPE'],
    ['copy_from', {}, 'EXDEV'],
    ['copy_from', { to: 'gmem' }, 'EINVAL'],
    ['copy_from', { to: 'gmem', offset: 4n * PAGE }, '0 0x0'],
    ['copy_to', { to: 'gmem', offset: 4n * PAGE }, 'EINVAL'],
    ['ftruncate', { length: 4n * PAGE }, 'EINVAL'],
    ['sync_file_range', { arg: 7n }, '0'],
    ['sync_file_range', { arg: 8n }, 'EINVAL'],
    ['sync_file_range', { offset: PAGE, length: (1n << 63n) - 1n }, 'EINVAL'],
    ['fadvise', { arg: 5n }, '0'],
    ['fadvise', { arg: 6n }, 'EINVAL'],
    ['getdents', {}, 'ENOTDIR'],
    ['flock', { arg: 2n }, '0'],
    ['flock', { arg: 3n }, 'EINVAL'],
    ['reopen', {}, 'ENXIO'],
    ['fcntl', { arg: 3n }, '0 0x8002'],
    ['fcntl', { arg: 4n, length: 0o40000n }, 'EINVAL'],
  ])('%s with %o is %s', (op, args, expected) => {
    expect(last([...made(), step('fd_op', { op, ...args })])).toBe(expected);
  });

  it.each<[FdOp, Rest, string]>([
    ['fstat', {}, 'EBADF'],
    ['pread', {}, 'EBADF'],
    ['pread', { offset: -1n }, 'EINVAL'],
    ['splice_from', { length: 0n }, '0 0x0'],
    ['flock', { arg: 3n }, 'EINVAL'],
  ])('%s with %o of a closed file is %s', (op, args, expected) => {
    expect(last([...made(), step('close', { on: 'gmem' }), step('fd_op', { op, ...args })])).toBe(expected);
  });

  it('finds the flags of a file by every descriptor of it, and those of a descriptor by that one', () => {
    const fcntl = (on: string, arg: bigint, length = 0n) => step('fd_op', { on, op: 'fcntl', arg, length });
    const steps = [
      step('dup', { on: 'gmem', as: 'twin' }),
      fcntl('gmem', 4n, 0o4000n),
      fcntl('gmem', 2n, 1n),
      fcntl('twin', 3n),
      fcntl('twin', 1n),
      fcntl('gmem', 1n),
    ];
    const seen = answers([...made(), ...steps], made().length, worldIn('d0', 'aarch64'));
    expect(seen.slice(3)).toEqual(['0 0x20802', '0 0x0', '0 0x1']);
  });
});
