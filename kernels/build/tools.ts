// SPDX-License-Identifier: GPL-2.0-only
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { hostArch } from './machine.js';
import type { Machine } from './machine.js';
import type { Recipe } from './recipe-format.js';

interface Tool {
  command: string;
  package: string;
}

/** Commands of a kernel build and the Debian packages that have them, beside the compiler. */
const COMMANDS: readonly Tool[] = [
  { command: 'make', package: 'make' },
  // Host programs (kconfig, objtool) are compiled natively also in a cross build.
  { command: 'gcc', package: 'gcc' },
  { command: 'flex', package: 'flex' },
  { command: 'bison', package: 'bison' },
  { command: 'bc', package: 'bc' },
  { command: 'tar', package: 'tar' },
  { command: 'xz', package: 'xz-utils' },
];

const FROM_DEBIAN: readonly Tool[] = [
  { command: 'apt-get', package: 'apt' },
  { command: 'dpkg', package: 'dpkg' },
];
const PATCHING: readonly Tool[] = [{ command: 'patch', package: 'patch' }];

/** Commands that a recipe needs besides. Git and b4 are asked for where they are used. */
function commandsFor({ source, patches = [], series }: Recipe): readonly Tool[] {
  const patched = patches.length > 0 || series !== undefined;
  return [...(source.kind === 'debian' ? FROM_DEBIAN : []), ...COMMANDS, ...(patched ? PATCHING : [])];
}

/**
 * @param directories where to look; default: PATH.
 * @returns the path of a command, or undefined when there is none.
 */
export function findCommand(
  command: string,
  directories: readonly string[] = (process.env.PATH ?? '').split(delimiter),
): string | undefined {
  for (const directory of directories) {
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
 * @param recipe what is built; default: what every build needs, and Debian's source packages.
 * @returns names of commands and headers, and the Debian packages to install; both empty when all is there.
 */
export function missingTools(machine: Machine, recipe?: Recipe): { missing: string[]; packages: string[] } {
  const compiler = kernelCompiler(machine);
  const commands = recipe ? commandsFor(recipe) : [...FROM_DEBIAN, ...COMMANDS];
  const lacking = commands.filter(({ command }) => findCommand(command) === undefined);
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
export function requireTools(machine: Machine, recipe?: Recipe): void {
  const { missing, packages } = missingTools(machine, recipe);
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
