// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { chooseAccelerator } from './accelerator.js';
import type { HostVirtualization } from './accelerator.js';

const good: HostVirtualization = {
  arch: 'x86_64',
  cpuFlags: new Set(['svm']),
  kvmDevice: true,
  softwareBackend: false,
  nested: true,
};

describe('chooseAccelerator', () => {
  it('takes KVM on bare metal with nesting', () => {
    expect(chooseAccelerator('auto', 'x86_64', good).accelerator).toBe('kvm');
  });
  it.each<[string, Partial<HostVirtualization>, RegExp]>([
    ['another architecture', { arch: 'aarch64' }, /host is aarch64/],
    ['no /dev/kvm', { kvmDevice: false }, /cannot be opened/],
    ['the pvm backend', { softwareBackend: true }, /pvm/],
    ['no svm or vmx', { cpuFlags: new Set(['lm']) }, /neither svm nor vmx/],
    ['a host that is a guest', { cpuFlags: new Set(['svm', 'hypervisor']) }, /itself a guest/],
    ['nesting turned off', { nested: false }, /nested/],
  ])('takes TCG for %s and says why', (_what, change, reason) => {
    const host = { ...good, ...change };
    expect(chooseAccelerator('auto', 'x86_64', host)).toEqual({
      accelerator: 'tcg',
      reason: expect.stringMatching(reason) as string,
    });
    expect(() => chooseAccelerator('kvm', 'x86_64', host)).toThrow(TargetError);
  });
  it('takes TCG when asked for', () => {
    expect(chooseAccelerator('tcg', 'x86_64', good).accelerator).toBe('tcg');
  });
  it('relies on nesting on x86_64 only', () => {
    expect(chooseAccelerator('auto', 'aarch64', { ...good, arch: 'aarch64' }).accelerator).toBe('tcg');
  });
});
