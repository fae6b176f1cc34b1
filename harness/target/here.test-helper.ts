// SPDX-License-Identifier: GPL-2.0-only
/** What the machine that runs the tests has; tests that need what it lacks are skipped by name. */
import { spawnSync } from 'node:child_process';
import { agentCompiler, machineArch } from '../../kernels/build/agent.js';
import { findBuiltKernel } from '../../kernels/build/kernel.js';
import { loadMachine } from '../../kernels/build/machine.js';
import { findRecipe } from '../../kernels/build/recipe.js';
import { kvmOpens } from '../cli/open-target.js';

const arch = machineArch();

function runs(command: string): boolean {
  return spawnSync(command, ['--version']).status === 0;
}

/** A compiler that builds the agent for this machine. */
export const hasCompiler = arch !== undefined && runs(agentCompiler(arch).command) && runs('make');

/** /dev/kvm opens. */
export const hasKvm = kvmOpens();

/** QEMU for guests of this machine's architecture. */
export const hasQemu = arch !== undefined && runs(loadMachine(arch).qemu.binary);

/** Image of a kernel of ours for this machine's architecture that was built before; none is built for a test. */
export async function builtKernel(): Promise<string | undefined> {
  const recipe = findRecipe('mainline-7.3');
  const built = recipe && arch && (await findBuiltKernel(recipe, arch));
  return built?.image;
}
