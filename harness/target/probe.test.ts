// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { openSession } from '../run/session.js';
import { FEATURES } from '../cli/paths.js';
import { fakeTarget, FakeExecutor, no, yes } from './fake-executor.test-helper.js';
import type { Behaviour } from './fake-executor.test-helper.js';
import { KernelTarget } from './kernel-target.js';
import { fakeKernel } from './fake-kernel.test-helper.js';
import { probe } from './probe.js';

const probed = async (behaviour: Behaviour) => probe(await fakeTarget(new FakeExecutor(behaviour)));

describe('probing', () => {
  it('asks aarch64 for the default type only', async () => {
    const target = await fakeTarget(new FakeExecutor(fakeKernel(), { machine: 'aarch64' }));
    expect((await probe(target)).vmTypes.map((t) => t.type)).toEqual(['default']);
  });

  it('reports capabilities on /dev/kvm and on each VM', async () => {
    const { capabilities } = await probed(fakeKernel({ capabilities: { 236: 7n } }));
    expect(capabilities.find((c) => c.number === 236n)?.values).toEqual({
      '/dev/kvm': 7n, default: 7n, sw_protected: 7n, sev: 7n, sev_es: 7n, snp: 7n, tdx: 7n,
    }); // prettier-ignore
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      'a kernel that makes no VM',
      (p) => ({ reply: no(p, 1) }),
      /no VM can be created on fake .*is KVM usable there/,
    ],
    [
      'a guest that dies',
      () => ({ crash: { kind: 'panic', title: 'Kernel panic', excerpt: ['x'] } }),
      /fake crashed while it was probed: Kernel panic\nx/,
    ],
    [
      'a program that is cut short',
      (p) => ({ reply: { ...yes(p), end: 'timeout' } }),
      /probing fake: the program did not end in time/,
    ],
  ])('fails as an environment for %s', async (_what, behaviour, message) => {
    const failure = probed(behaviour);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ name: 'TargetError', scope: 'fatal' });
  });
});

describe('openSession', () => {
  const open = (behaviour: Behaviour, profileId?: string) =>
    openSession(
      new KernelTarget('fake', new FakeExecutor(behaviour), { disposable: false, timeoutMs: 1000 }),
      FEATURES,
      profileId,
    );

  it('says what it runs on and why this profile', async () => {
    const session = await open(fakeKernel());
    expect(session.identity).toMatchObject({
      target: 'fake',
      arch: 'x86_64',
      profile: 'd0-mainline',
      evidence: 'kernel',
    });
    expect(session.profileReason).toMatch(/^d0-mainline: all commands/);
    expect(session.features.get('fork')).toMatchObject({ present: true });
    expect(session.features.get('disposable')).toMatchObject({ present: false });
  });

  it('takes the profile of the user, and says what probing found', async () => {
    const session = await open(fakeKernel(), 'd8-7.4');
    expect(session.profile.id).toBe('d8-7.4');
    expect(session.profileReason).toBe('chosen with --profile (probing found d0-mainline)');
  });

  it('wants to be told when no dialect fits', async () => {
    await expect(open(fakeKernel({ commands: { attributes2: 'EFAULT' } }))).rejects.toThrow(
      /no known dialect fits fake; choose one with --profile\n {2}/,
    );
  });

  it('does not take a feature for absent because its probe was cut short', async () => {
    const behaviour = fakeKernel();
    const cut: Behaviour = async (p, n) => {
      const execution = await behaviour(p, n);
      return n < 3 || !execution.reply ? execution : { reply: { ...execution.reply, end: 'timeout' } };
    };
    await expect(open(cut)).rejects.toThrow(
      /probing fake for features \(feature\/\S+\): the program did not end in time/,
    );
  });

  it('does not go on with a guest that died of a probe', async () => {
    const behaviour = fakeKernel();
    const dies: Behaviour = (p, n) =>
      n < 3 ? behaviour(p, n) : { crash: { kind: 'oops', title: 'Oops', excerpt: [] } };
    await expect(open(dies)).rejects.toThrow(/crashed while features were probed .*: Oops/);
  });
});
