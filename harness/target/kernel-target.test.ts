// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import { profile } from '../suite/suites.test-helper.js';
import { TargetError } from './executor.js';
import { fakeTarget, FakeExecutor, yes } from './fake-executor.test-helper.js';
import { KernelTarget } from './kernel-target.js';

const one = program('p', step('create_vm', {}));
const d0 = profile('d0-mainline');
const crash = { kind: 'panic' as const, title: 'Kernel panic', excerpt: [] };

describe('a kernel target', () => {
  it('cannot be used before it is opened', () => {
    const target = new KernelTarget('fake', new FakeExecutor(), { disposable: false, timeoutMs: 1 });
    expect(() => target.hello).toThrow(TargetError);
  });

  it('refuses an executor of another protocol', async () => {
    await expect(fakeTarget(new FakeExecutor(undefined, { protocol: 2 }))).rejects.toThrow(
      'expected protocol 1, the executor speaks 2: rebuild it',
    );
  });

  it('refuses a machine without tables', async () => {
    const target = await fakeTarget(new FakeExecutor(undefined, { machine: 'riscv64' }));
    expect(() => target.arch).toThrow('expected x86_64 or aarch64, the target is riscv64');
  });

  it('has the features of its executor, vCPUs, and those of a kernel that may die', async () => {
    expect([...(await fakeTarget()).features].sort()).toEqual(['fork', 'signals', 'vcpu']);
    expect((await fakeTarget(new FakeExecutor(), true)).features.has('disposable')).toBe(true);
  });

  it('gives a trace of what was done', async () => {
    const trace = await (await fakeTarget()).run(one, d0);
    expect(trace.steps).toMatchObject([{ state: 'done', errno: '0' }]);
    expect(trace).not.toHaveProperty('crash');
  });

  it('gives a crash without steps for a guest that died, and with steps for one that complains', async () => {
    const dead = await fakeTarget(new FakeExecutor(() => ({ crash })));
    expect(await dead.run(one, d0)).toEqual({ steps: [], crash });
    const splat = await fakeTarget(new FakeExecutor((p) => ({ reply: yes(p), crash })));
    expect(await splat.run(one, d0)).toMatchObject({ steps: [{ state: 'done' }], crash });
  });

  it('closes its executor', async () => {
    const executor = new FakeExecutor();
    await (await fakeTarget(executor)).close();
    expect(executor.closed).toBe(true);
  });
});
