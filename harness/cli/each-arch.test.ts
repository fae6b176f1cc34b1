// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { TargetError } from '../target/executor.js';
import { eachArch } from './each-arch.js';
import { worst } from './run.js';

describe('eachArch', () => {
  it('says what is missing for one architecture and goes on with the next', async () => {
    let said = '';
    const codes = await eachArch(
      ['x86_64', 'aarch64'],
      async (arch, ended) => {
        if (arch === 'x86_64') throw new TargetError('no cross compiler');
        await Promise.resolve();
        ended(0);
      },
      (text) => (said += text),
    );
    expect(codes).toEqual([3, 0]);
    expect(said).toBe('x86_64: no cross compiler\n');
    expect(worst(codes)).toBe(3);
  });

  it('keeps a finding although closing the guest fails, and although the next cannot run', async () => {
    const codes = await eachArch(
      ['x86_64', 'aarch64'],
      async (arch, ended) => {
        if (arch === 'x86_64') ended(1);
        await Promise.reject(new TargetError('lost'));
      },
      () => undefined,
    );
    expect(codes).toEqual([1, 3, 3]);
    expect(worst(codes)).toBe(1);
  });

  it('stops at what is no matter of the environment', async () => {
    await expect(eachArch(['x86_64'], () => Promise.reject(new RangeError('ours')))).rejects.toThrow('ours');
  });
});
