// SPDX-License-Identifier: GPL-2.0-only
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../harness/target/executor.js';
import { agentCompiler } from '../kernels/build/agent.js';
import type { AgentArch } from '../kernels/build/agent.js';
import { packagePath } from '../kernels/build/root.js';

/** The programs of bench/c. */
export type CProgram = 'bare-init' | 'guest-loop' | 'host-loop';

/**
 * Compile one of the C sides, static, with the compiler that the agent is built with.
 *
 * @param directory where the executable goes, below a directory for its architecture.
 * @returns path of the executable.
 * @throws TargetError naming the packages when there is no compiler or no static libc
 */
export async function compileC(program: CProgram, arch: AgentArch, directory: string): Promise<string> {
  const { command, packages } = agentCompiler(arch);
  const out = join(directory, arch);
  await mkdir(out, { recursive: true });
  const path = join(out, program);
  const variables = [`ARCH=${arch}`, `CC=${command}`, `O=${out}`];
  const { exitCode, all, shortMessage } = await execa(
    'make',
    ['-s', '-C', packagePath('bench', 'c'), ...variables, path],
    { reject: false, stdin: 'ignore', all: true },
  );
  if (exitCode === 0) return path;
  throw new TargetError(
    `could not compile bench/c/${program}.c; it needs make, ${command} and a static libc (apt install make ${packages}):\n${all === '' ? String(shortMessage) : all}`,
  );
}
