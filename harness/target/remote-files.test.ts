// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { FakeExecutor, yes } from './fake-executor.test-helper.js';
import { RemoteFiles } from './remote-files.js';

const crash = { kind: 'splat', title: 'WARNING: at fs/proc', excerpt: [] } as const;

describe('RemoteFiles', () => {
  it.each([
    ['dies', new FakeExecutor(() => ({ crash: { ...crash, kind: 'panic', excerpt: [] } }))],
    ['warns', new FakeExecutor((program) => ({ reply: yes(program), crash: { ...crash, excerpt: [] } }))],
  ])('does not hide that the kernel %s', async (_how, executor) => {
    const files = new RemoteFiles(executor, 'x86_64', 4096);
    const error = {
      name: 'TargetError',
      scope: 'fatal',
      message: expect.stringContaining(crash.title) as string,
    };
    await expect(files.readFile('/proc/version')).rejects.toMatchObject(error);
    await expect(files.listDir('/sys/module')).rejects.toMatchObject(error);
  });
});
