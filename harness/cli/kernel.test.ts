// SPDX-License-Identifier: GPL-2.0-only
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainError } from './exit.js';
import { kernelCommand } from './kernel.js';

/** Run `gmemcheck kernel …` in this process. */
async function kernel(...args: string[]): Promise<{ out: string; code: number; text: string }> {
  const written: string[] = [];
  const out = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((chunk) => written.push(String(chunk)) > 0);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const command = kernelCommand().exitOverride();
  for (const each of command.commands) each.exitOverride();
  try {
    await command.parseAsync(args, { from: 'user' });
    return { out: written.join(''), code: 0, text: '' };
  } catch (error) {
    return { out: written.join(''), ...explainError(error) };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

describe('gmemcheck kernel, with an empty cache', () => {
  let cache = '';
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'gmemcheck-cache-'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true, force: true });
  });

  it('lists recipes and architectures as a table and as JSON', async () => {
    expect((await kernel('list')).out).toMatch(/^mainline-7\.3 +x86_64 +d0-mainline +not built$/m);
    const rows = JSON.parse((await kernel('list', '--json')).out) as unknown[];
    expect(rows).toContainEqual(
      expect.objectContaining({ name: 'mainline-7.3', arch: 'aarch64', profile: 'd0-mainline', built: null }),
    );
  });
  it('exits 2 for a kernel that nobody knows, naming those that are', async () => {
    expect(await kernel('path', 'linux-1.0')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/\(mainline-7\.3.*\), got 'linux-1\.0'$/) as string,
    });
  });
  it.each([
    ['an unknown architecture', ['build', 'mainline-7.3', '--arch', 'vax']],
    ['no CPUs', ['boot', 'mainline-7.3', '--cpus', '0']],
    ['an unknown option', ['list', '--yaml']],
  ])('exits 2 for %s', async (_what, args) => {
    expect((await kernel(...args)).code).toBe(2);
  });
  it.each(['path', 'boot'])(
    'exits 3 from %s when the kernel is not built, saying how to build it',
    async (verb) => {
      expect(await kernel(verb, 'mainline-7.3', '--arch', 'aarch64')).toMatchObject({
        code: 3,
        text: 'mainline-7.3 is not built for aarch64; run: gmemcheck kernel build mainline-7.3 --arch aarch64',
      });
    },
  );
  it('exits 3 from boot for a file that is no kernel', async () => {
    const { code, text } = await kernel('boot', import.meta.filename, '--arch', 'x86_64');
    expect(code).toBe(3);
    expect(text).toContain('got a file that is no kernel image');
  });
  it('exits 3 from build when tools are missing, naming packages', async () => {
    vi.stubEnv('PATH', cache);
    const { code, text } = await kernel('build', 'mainline-7.3', '--arch', 'x86_64');
    expect(code).toBe(3);
    expect(text).toMatch(/run: apt install .*bison.*flex/);
  });
});
