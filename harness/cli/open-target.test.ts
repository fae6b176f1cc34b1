// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { BuiltKernel } from '../../kernels/build/built.js';
import type { findBuiltKernel } from '../../kernels/build/kernel.js';
import { chooseTarget, noKernel, resolveAuto } from './open-target.js';
import { withoutStrayKernel } from './options.js';
import type { RunOptions } from './run.js';

const none: typeof findBuiltKernel = () => Promise.resolve(undefined);
const built: typeof findBuiltKernel = () => Promise.resolve({} as BuiltKernel);

describe('the target of `npm start`', () => {
  it('is the running kernel when /dev/kvm opens, whatever is built', async () => {
    expect(await resolveAuto('x86_64', { kvmOpens: () => true, findBuiltKernel: built })).toBe('host');
    expect(await resolveAuto('x86_64', { kvmOpens: () => true, findBuiltKernel: none })).toBe('host');
  });

  it('is else a guest kernel that is built', async () => {
    expect(await resolveAuto('x86_64', { kvmOpens: () => false, findBuiltKernel: built })).toBe(
      'qemu:mainline-7.3',
    );
  });

  it('asks for a kernel of the architecture', async () => {
    const arm: typeof findBuiltKernel = (_recipe, arch) => (arch === 'aarch64' ? built : none)(_recipe, arch);
    const look = { kvmOpens: () => false, findBuiltKernel: arm };
    expect(await resolveAuto('aarch64', look)).toBe('qemu:mainline-7.3');
    expect(await resolveAuto('x86_64', look)).toBe('spec');
  });

  it('is else the model, with a note that names what to run for a kernel', async () => {
    expect(await resolveAuto('x86_64', { kvmOpens: () => false, findBuiltKernel: none })).toBe('spec');
    expect(noKernel()).toContain('proves nothing about any kernel');
    expect(noKernel()).toContain('gmemcheck kernel build mainline-7.3');
  });
});

describe('KERNEL in the environment', () => {
  const options = (target: string, kernel = '/boot/x'): RunOptions => ({
    target,
    kernel,
    format: 'tap',
    out: 'o',
    timeout: 10,
    spec: true,
    rounds: 1,
    seed: 1,
  });

  it.each(['auto', 'qemu'])('counts for --target %s', (target) =>
    expect(withoutStrayKernel(options(target), true).kernel).toBe('/boot/x'),
  );
  it.each(['host', 'agent', 'qemu:mainline-7.3'])('is ignored for --target %s', (target) =>
    expect(withoutStrayKernel(options(target), true)).not.toHaveProperty('kernel'),
  );
  it('is ignored when it is empty', () =>
    expect(withoutStrayKernel(options('auto', ''), true)).not.toHaveProperty('kernel'));
  it.each(['host', 'agent', 'qemu:mainline-7.3'])(
    'is not --kernel, which --target %s refuses',
    async (target) => {
      const kept = withoutStrayKernel(options(target), false);
      await expect(chooseTarget({ ...kept, arch: 'x86_64' })).rejects.toThrow('--kernel needs --target qemu');
    },
  );
});

describe('chooseTarget', () => {
  it('names a kernel of the user by its file, and may crash it', async () => {
    const { target, recipe } = await chooseTarget({
      target: 'auto',
      arch: 'x86_64',
      kernel: '/boot/vmlinuz-x',
      timeout: 10,
    });
    expect(target.name).toBe('qemu:vmlinuz-x');
    expect(target.options.disposable).toBe(true);
    expect(recipe).toBeUndefined();
  });

  it('refuses another architecture for the running kernel', async () => {
    const other = process.arch === 'x64' ? 'aarch64' : 'x86_64';
    await expect(chooseTarget({ target: 'host', arch: other, timeout: 10 })).rejects.toThrow(
      /is this machine .*, got --arch/,
    );
  });
});
