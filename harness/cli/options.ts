// SPDX-License-Identifier: GPL-2.0-only
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { findProfile, PROFILES } from '../uapi/profiles/index.js';
import type { Context } from '../suite/scope.js';
import { UsageError } from './exit.js';
import { machineArch } from './machine-arch.js';

export interface ContextOptions {
  arch?: Arch;
  profile?: string;
  pageSize?: number;
}

/** Options that say for what suites are expanded when no target is asked. */
export function contextOptions(command: Command): Command {
  return command
    .addOption(new Option('--arch <arch>', "architecture (default: this machine's)").choices(ARCHES))
    .addOption(
      new Option('--profile <id>', 'dialect of the interface')
        .choices(PROFILES.map((p) => p.id))
        .default('d0-mainline'),
    )
    .option('--page-size <bytes>', 'page size', positive, 4096);
}

contextOptions.resolve = (command: Command): Context => {
  const { arch, profile, pageSize } = command.opts<ContextOptions>();
  const found = findProfile(profile ?? '');
  if (!found) throw new UsageError(`unknown profile '${profile ?? ''}'`);
  return { arch: arch ?? machineArch(), profile: found, pageSize: pageSize ?? 4096 };
};

/** An option that may be given several times; unlike `<path...>` it leaves the arguments after it alone. */
export function repeated(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** A positive whole number from the command line. */
export function positive(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError(`expected a positive whole number, got '${text}'`);
  return n;
}

/** KERNEL in the environment is for targets that boot what is given; one that says what it runs on ignores it. */
export function withoutStrayKernel<O extends { target: string; kernel?: string }>(
  options: O,
  fromEnvironment: boolean,
): O {
  const boots = options.target === 'auto' || options.target === 'qemu';
  if (!fromEnvironment || (boots && options.kernel !== '')) return options;
  const others = { ...options };
  delete others.kernel;
  return others;
}
