// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { agentCompiler } from '../kernels/build/agent.js';
import type { AgentArch } from '../kernels/build/agent.js';
import { findCommand } from '../kernels/build/tools.js';
import { compileC } from './compile.js';

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-bench-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const lacks = (arch: AgentArch): boolean =>
  findCommand('make') === undefined || findCommand(agentCompiler(arch).command) === undefined;

describe.each(['x86_64', 'aarch64'] as const)('compileC for %s', (arch) => {
  it.skipIf(lacks(arch))(
    'compiles every C side to a static ELF file (needs make and a compiler)',
    async () => {
      const directory = scratch();
      for (const program of ['bare-init', 'guest-loop', 'host-loop'] as const) {
        const elf = readFileSync(await compileC(program, arch, directory));
        expect(elf.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
        expect(elf.includes('/ld-linux')).toBe(false);
      }
    },
  );
});

it.skipIf(lacks('x86_64') || process.arch !== 'x64')(
  'makes a host loop that refuses to run without a count (needs make and a compiler)',
  async () => {
    const path = await compileC('host-loop', 'x86_64', scratch());
    expect(() => execFileSync(path, { stdio: 'pipe' })).toThrow('usage: host-loop COUNT');
  },
);
