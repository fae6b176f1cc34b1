// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { findProfile } from '../uapi/profiles/index.js';
import { fakeTarget, FakeExecutor } from './fake-executor.test-helper.js';
import { fakeKernel } from './fake-kernel.test-helper.js';
import type { FakeKernel } from './fake-kernel.test-helper.js';
import { probe } from './probe.js';
import type { Probe } from './probe.js';

const probed = async (kernel: Partial<FakeKernel>): Promise<Probe> =>
  probe(await fakeTarget(new FakeExecutor(fakeKernel(kernel))));
const found = async (kernel: Partial<FakeKernel>): Promise<string | undefined> =>
  (await probed(kernel)).profile?.id;

const attributes2 = { attributes2: 'EFAULT' };
const flagless = { zero: 'EINVAL', preserve: 'EINVAL' };

/** What kernels of each dialect answer with in-place conversion on (written out here, not read from profiles). */
const ON: Readonly<Record<string, Partial<FakeKernel>>> = {
  d0: {},
  d1: { commands: { convertShared: 'EFAULT', convertPrivate: 'EFAULT' }, capabilities: { 240: 1n, 241: 1n } },
  d3: {
    commands: attributes2,
    requests: { ...flagless, errorOffset: 'EINVAL' },
    capabilities: { 248: 8n },
    params: { vm_memory_attributes: 'N' },
  },
  d4: {
    commands: attributes2,
    requests: { errorOffset: 'EINVAL', zero: 'EOPNOTSUPP' },
    capabilities: { 249: 8n, 250: 3n },
    params: { vm_memory_attributes: 'N' },
  },
  d5: {
    commands: attributes2,
    requests: { zero: 'EOPNOTSUPP' },
    capabilities: { 249: 8n, 250: 3n },
    params: { vm_memory_attributes: 'N' },
  },
  d6: {
    commands: attributes2,
    requests: flagless,
    capabilities: { 249: 8n },
    params: { vm_memory_attributes: 'N' },
  },
  d7: {
    commands: attributes2,
    requests: { ...flagless, defaultVm: 'EINVAL' },
    capabilities: { 250: 8n },
    params: { gmem_in_place_conversion: 'Y' },
  },
  d8: {
    commands: attributes2,
    requests: { ...flagless, defaultVm: 'EINVAL' },
    capabilities: { 252: 8n },
    params: { gmem_in_place_conversion: 'Y' },
  },
};

describe('the dialect of a kernel', () => {
  it.each(Object.keys(ON))('is %s when it answers so', async (id) => {
    const { profile, reasons } = await probed(ON[id] ?? {});
    expect(profile).toBe(findProfile(id));
    expect(reasons.at(-1)).toMatch(new RegExp(`^${profile?.id ?? ''}: all commands`));
  });

  it('is d8 also without the parameter, where the VM has no attributes', async () => {
    expect(await found({ ...ON['d8'], params: {} })).toBe('d8-7.4');
    expect(await found({ ...ON['d8'], capabilities: { 233: 8n, 252: 8n } })).toBe('d8-7.4');
  });

  it.each(['d3', 'd4', 'd5', 'd6', 'd7', 'd8'])(
    'is that of mainline on %s switched off, and it says so',
    async (id) => {
      const { params = {} } = ON[id] ?? {};
      const [name, on] = Object.entries(params)[0] ?? ['', ''];
      const off = on === 'Y' ? 'N' : 'Y';
      const { profile, reasons } = await probed({ params: { [name]: off }, capabilities: { 233: 8n } });
      expect(profile?.id).toBe('d0-mainline');
      expect(reasons.join('\n')).toContain(
        `parameter ${name} is ${off === 'Y' ? '1' : '0'}: in-place conversion is switched off, and mainline's rules hold`,
      );
    },
  );

  it('is that of mainline where attributes of the VM have the command, and it says so', async () => {
    const { profile, reasons } = await probed({ vmCommand: 'EFAULT', params: { vm_memory_attributes: 'Y' } });
    expect(profile?.id).toBe('d0-mainline');
    expect(reasons.join('\n')).toContain('on a sw_protected VM gives EFAULT: attributes of the VM');
  });

  it('is that of mainline for capabilities alone, whatever they say', async () => {
    for (const id of Object.keys(ON)) {
      const { capabilities = {}, params = {} } = ON[id] ?? {};
      const { profile, reasons } = await probed({ capabilities, params });
      expect(profile?.id).toBe('d0-mainline');
      if (Object.keys(params).length > 0) expect(reasons.join('\n')).toContain('and yet no command answers');
    }
  });

  it('is that of mainline where there is no guest_memfd to ask', async () => {
    const { profile, reasons } = await probed({ ...ON['d8'], gmem: 'ENOTTY' });
    expect(profile?.id).toBe('d0-mainline');
    expect(reasons.join('\n')).toContain(
      'no guest_memfd on a sw_protected VM (KVM_CREATE_GUEST_MEMFD: ENOTTY)',
    );
  });

  it('is told by what a default VM answers where there is no other', async () => {
    for (const id of ['d6', 'd7', 'd8']) {
      const kernel = { ...ON[id], vmTypes: 'default' as const };
      expect(await found(kernel)).toBe(findProfile(id)?.id);
    }
  });
});

describe('a kernel that contradicts itself', () => {
  it.each<[string, Partial<FakeKernel>, string]>([
    [
      'has D8 without its capability',
      { ...ON['d8'], capabilities: {} },
      'not d8-7.4: capability 252 is 0 on sw_protected, expected 8',
    ],
    [
      'has D6 with the capability of D7',
      { ...ON['d6'], capabilities: { 250: 8n } },
      'not d6-v7: capability 249 is 0 on sw_protected, expected 8',
    ],
    [
      'has flags and no rule about them',
      { ...ON['d5'], requests: {} },
      'not d5-gmem-only: content flag ZERO (1) gives 0, expected EOPNOTSUPP',
    ],
    [
      'refuses what is so already',
      { ...ON['d8'], requests: { plain: 'EINVAL' } },
      'not d8-7.4: a request for what is so already gives EINVAL, expected 0',
    ],
    [
      'has the command of a posting that was replaced',
      { commands: { rfc1: 'EFAULT' } },
      'not d0-mainline: KVM_SET_MEMORY_ATTRIBUTES2 (RFC v1, 64 bytes) gives EFAULT',
    ],
    [
      'has one of two commands',
      { ...ON['d1'], commands: { convertShared: 'EFAULT' } },
      'not d1-convert-ioctls: KVM_GMEM_CONVERT_PRIVATE gives ENOTTY',
    ],
    [
      'has the commands of two dialects',
      { ...ON['d8'], commands: { ...attributes2, convertShared: 'EFAULT', convertPrivate: 'EFAULT' } },
      'not d8-7.4: KVM_GMEM_CONVERT_SHARED gives EFAULT',
    ],
    [
      'answers as no dialect does',
      { ...ON['d8'], commands: { attributes2: 'EINVAL' } },
      'gives EINVAL: unexpected',
    ],
  ])('%s: no dialect, and the reason', async (_what, kernel, reason) => {
    const { profile, reasons } = await probed(kernel);
    expect(profile).toBeUndefined();
    expect(reasons.join('\n')).toContain(reason);
    expect(reasons.at(-1)).toBe('no known dialect fits; choose one with --profile');
  });
});
