// SPDX-License-Identifier: GPL-2.0-only
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { hostArch } from './machine.js';
import type { Machine } from './machine.js';

/** Commands of a kernel build and the Debian packages that have them, beside the compiler. */
const COMMANDS: readonly { command: string; package: string }[] = [
  { command: 'apt-get', package: 'apt' },
  { command: 'dpkg', package: 'dpkg' },
  { command: 'make', package: 'make' },
  // Host programs (kconfig, objtool) are compiled natively also in a cross build.
  { command: 'gcc', package: 'gcc' },
  { command: 'flex', package: 'flex' },
  { command: 'bison', package: 'bison' },
  { command: 'bc', package: 'bc' },
  { command: 'tar', package: 'tar' },
  { command: 'xz', package: 'xz-utils' },
];

/** @returns the path of a command, or undefined when PATH has none. */
export function findCommand(command: string): string | undefined {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, command);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

function where(machine: Machine): 'native' | 'cross' {
  return hostArch() === machine.arch ? 'native' : 'cross';
}

/** The C compiler for a machine's kernels on this host. */
export function kernelCompiler(machine: Machine): string {
  return machine.kernel.compiler[where(machine)];
}

/**
 * What a kernel build for this machine lacks.
 *
 * @returns names of commands and headers, and the Debian packages to install; both empty when all is there.
 */
export function missingTools(machine: Machine): { missing: string[]; packages: string[] } {
  const compiler = kernelCompiler(machine);
  const lacking = COMMANDS.filter(({ command }) => findCommand(command) === undefined);
  const headers = machine.kernel.headers.filter(({ file }) => !existsSync(join('/usr/include', file)));
  const missing = [...lacking.map(({ command }) => command), ...headers.map(({ file }) => file)];
  const packages = [...lacking, ...headers].map((entry) => entry.package);
  if (findCommand(compiler) === undefined) {
    if (!missing.includes(compiler)) missing.push(compiler);
    packages.push(...machine.kernel.packages[where(machine)]);
  }
  return { missing, packages: [...new Set(packages)].sort() };
}

/** @throws TargetError naming everything that is missing and the packages that bring it. */
export function requireTools(machine: Machine): void {
  const { missing, packages } = missingTools(machine);
  if (missing.length === 0) return;
  throw new TargetError(
    `building a kernel for ${machine.arch} needs ${missing.join(', ')}, not found; run: apt install ${packages.join(' ')}`,
  );
}

/**
 * Versions of the tools that shape a kernel's bytes: compiler and linker, first lines of --version.
 *
 * @returns undefined when they are not installed.
 */
export async function toolVersions(machine: Machine): Promise<string[] | undefined> {
  const compiler = kernelCompiler(machine);
  const linker = compiler.replace(/gcc$/, 'ld');
  const asked = await Promise.all(
    [compiler, linker].map((command) => execa(command, ['--version'], { reject: false, stdin: 'ignore' })),
  );
  const lines = asked.map(({ exitCode, stdout }) => (exitCode === 0 ? stdout.split('\n')[0] : undefined));
  return lines.every((line) => line !== undefined) ? lines : undefined;
}
