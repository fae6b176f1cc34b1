// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AgentArch, agentCompiler, buildAgent } from './agent.js';
import { canBuildAgent } from './agent.test-helper.js';

const EM_X86_64 = 62;
const EM_AARCH64 = 183;

describe('building the agent', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'gmemcheck-test-'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true });
  });

  describe.each<[AgentArch, number]>([
    ['x86_64', EM_X86_64],
    ['aarch64', EM_AARCH64],
  ])('for %s', (arch, machine) => {
    const { command } = agentCompiler(arch);

    it.skipIf(!canBuildAgent(arch))(
      `gives a static executable of that machine (needs make and ${command})`,
      async () => {
        const { path, sha256 } = await buildAgent(arch);
        const elf = await readFile(path);
        expect(elf.toString('latin1', 1, 4)).toBe('ELF');
        expect(elf.readUInt16LE(18)).toBe(machine);
        expect(elf.includes('/lib/ld-linux')).toBe(false);
        expect(sha256).toBe(createHash('sha256').update(elf).digest('hex'));
      },
    );

    it.skipIf(!canBuildAgent(arch))(`builds the same sources once (needs make and ${command})`, async () => {
      const [first, second] = await Promise.all([buildAgent(arch), buildAgent(arch)]);
      expect(second).toEqual(first);
      const { mtimeMs } = await stat(first.path);
      await buildAgent(arch);
      expect((await stat(first.path)).mtimeMs).toBe(mtimeMs);
      expect(await readdir(dirname(first.path))).toEqual([`agent-${arch}`]);
    });
  });

  it('names the packages when the compiler is missing', async () => {
    vi.stubEnv('PATH', cache);
    await expect(buildAgent('x86_64')).rejects.toMatchObject({
      name: 'TargetError',
      scope: 'fatal',
      message: expect.stringMatching(/^Expected a C compiler `.*gcc` .*: apt install gcc/) as string,
    });
  });
});
