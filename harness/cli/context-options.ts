// SPDX-License-Identifier: GPL-2.0-only
import { Option } from 'commander';
import type { Command } from 'commander';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { findProfile, PROFILES } from '../uapi/profiles/index.js';
import type { Context } from '../suite/scope.js';
import { profileOf } from './boot-choice.js';
import { UsageError } from './exit.js';
import { recipeOfTarget } from './find-recipe.js';
import { machineArch } from './machine-arch.js';
import { positive } from './options.js';

export interface ContextOptions {
  arch?: Arch;
  profile?: string;
  pageSize?: number;
  target?: string;
  dialect?: string;
}

/** Options that say for what suites are expanded when no target is asked. */
export function contextOptions(command: Command): Command {
  return command
    .addOption(new Option('--arch <arch>', "architecture (default: this machine's)").choices(ARCHES))
    .addOption(
      new Option('--profile <id>', 'dialect of the interface (default: d0-mainline)').choices(
        PROFILES.map((p) => p.id),
      ),
    )
    .option('--target <target>', 'qemu:RECIPE, for the dialect that this kernel speaks')
    .option('--dialect <id>', 'one of its dialects; without --target, of the profiles: d0 … d8')
    .option('--page-size <bytes>', 'page size', positive, 4096);
}

/** @throws UsageError when target and dialect lead to no profile. */
function profileId({ profile, target, dialect }: ContextOptions): string {
  if (profile !== undefined) return profile;
  const recipe = target === undefined ? undefined : recipeOfTarget(target);
  if (recipe) return profileOf(recipe, dialect);
  if (dialect === undefined) return 'd0-mainline';
  const found = PROFILES.find(({ id }) => id.startsWith(`${dialect}-`));
  if (found) return found.id;
  const known = PROFILES.map(({ id }) => id.split('-')[0]).join(', ');
  throw new UsageError(`expected a dialect of ${known}, got '${dialect}'`);
}

contextOptions.resolve = (command: Command): Context => {
  const options = command.opts<ContextOptions>();
  const id = profileId(options);
  const found = findProfile(id);
  if (!found) throw new UsageError(`unknown profile '${id}'`);
  return { arch: options.arch ?? machineArch(), profile: found, pageSize: options.pageSize ?? 4096 };
};
