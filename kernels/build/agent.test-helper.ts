// SPDX-License-Identifier: GPL-2.0-only
import { spawnSync } from 'node:child_process';
import { isAbsolute } from 'node:path';
import { type AgentArch, agentCompiler, machineArch } from './agent.js';

/**
 * This machine has make, the compiler for `arch` and its static libc. An agent that fails to compile all the same
 * is a failure, not a reason to skip.
 */
export function canBuildAgent(arch: AgentArch | undefined = machineArch()): boolean {
  if (!arch || spawnSync('make', ['--version']).status !== 0) return false;
  const libc = spawnSync(agentCompiler(arch).command, ['-print-file-name=libc.a'], { encoding: 'utf8' });
  return libc.status === 0 && isAbsolute(libc.stdout);
}
