// SPDX-License-Identifier: GPL-2.0-only
/** `gmemcheck kernel list|build|boot|path`: the kernels we have recipes for. */
import { Argument, Command, Option } from 'commander';
import type { BuiltKernel } from '../../kernels/build/built.js';
import { buildKernel, findBuiltKernel } from '../../kernels/build/kernel.js';
import { GUEST_ARCHES, hostArch } from '../../kernels/build/machine.js';
import type { GuestArch } from '../../kernels/build/machine.js';
import { ProgressLine } from '../../kernels/build/progress.js';
import { archesOf as recipeArches, loadRecipes } from '../../kernels/build/recipe.js';
import type { Recipe } from '../../kernels/build/recipe.js';
import { TargetError } from '../target/executor.js';
import { QemuExecutor } from '../target/qemu-executor.js';
import { bootOf, bootOfImage, bootOptions } from './boot-choice.js';
import type { BootOptions as BootChoice } from './boot-choice.js';
import { UsageError } from './exit.js';
import { isRecipeFile, recipeNamed, requireArch, wordFor } from './find-recipe.js';
import { guestOf } from './open-target.js';
import { positive } from './options.js';

const POLL_MS = 100;

function archOption(...extra: string[]): Option {
  const option = new Option('--arch <arch>', 'architecture (default: of this machine)');
  return option.choices([...GUEST_ARCHES, ...extra]);
}

function archesOf(recipe: Recipe, wanted: GuestArch | 'all' | undefined): readonly GuestArch[] {
  if (wanted === 'all') return recipeArches(recipe);
  const arch = wanted ?? hostArch();
  if (arch) {
    requireArch(recipe, arch);
    return [arch];
  }
  throw new UsageError(`expected --arch ${GUEST_ARCHES.join(' or ')} on a machine of type ${process.arch}`);
}

function archOf(wanted: GuestArch | undefined): GuestArch {
  const arch = wanted ?? hostArch();
  if (arch) return arch;
  throw new UsageError(`expected --arch ${GUEST_ARCHES.join(' or ')} on a machine of type ${process.arch}`);
}

async function requireBuilt(recipe: Recipe, arch: GuestArch): Promise<BuiltKernel> {
  requireArch(recipe, arch);
  const built = await findBuiltKernel(recipe, arch);
  if (built) return built;
  throw new TargetError(
    `${recipe.name} is not built for ${arch}; run: gmemcheck kernel build ${wordFor(recipe)} --arch ${arch}`,
  );
}

async function list(options: { json?: boolean }): Promise<void> {
  const rows = [];
  for (const recipe of loadRecipes()) {
    for (const arch of recipeArches(recipe)) {
      const built = await findBuiltKernel(recipe, arch);
      rows.push({
        name: recipe.name,
        arch,
        profile: recipe.profile,
        about: recipe.about,
        dialects: Object.keys(recipe.dialects ?? {}),
        built: built ?? null,
      });
    }
  }
  if (options.json === true) {
    process.stdout.write(JSON.stringify(rows, undefined, 2) + '\n');
    return;
  }
  const lines = rows.map(({ name, arch, profile, dialects, built }) => [
    name,
    arch,
    dialects.length === 0 ? profile : `${profile} (--dialect ${dialects.join(', ')})`,
    built ? `built ${built.version} (${built.release}), ${built.hash}` : 'not built',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    process.stdout.write(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ') + '\n');
  }
}

async function build(
  name: string,
  options: { arch?: GuestArch | 'all'; refresh?: boolean; json?: boolean },
): Promise<void> {
  const recipe = recipeNamed(name);
  for (const arch of archesOf(recipe, options.arch)) {
    const progress = new ProgressLine(`${name} ${arch}`);
    try {
      const refresh = options.refresh ?? false;
      const built = await buildKernel(recipe, arch, { refresh, onProgress: progress.update });
      const how = built.fromCache ? 'from the cache' : `built in ${built.seconds} s`;
      process.stdout.write(`${name} ${arch}: ${built.version} ${how}: ${built.image}\n`);
    } finally {
      progress.end();
    }
  }
}

interface BootOptions extends BootChoice {
  arch?: GuestArch;
  cpus?: number;
  memory?: number;
  snapshot: boolean;
  console?: boolean;
}

async function boot(name: string, options: BootOptions): Promise<void> {
  const arch = archOf(options.arch);
  const image = name.includes('/') && !isRecipeFile(name);
  const { guest, words } = image
    ? bootOfImage(options, `the image ${name}`)
    : bootOf(recipeNamed(name), options);
  const kernel = image ? { kernel: name, arch } : guestOf(await requireBuilt(recipeNamed(name), arch));
  const executor = new QemuExecutor({
    ...guest,
    ...kernel,
    ...(options.cpus === undefined ? {} : { cpus: options.cpus }),
    ...(options.memory === undefined ? {} : { memoryMb: options.memory }),
    // Somebody who watches the console wants to see the kernel start, and all it says.
    snapshot: options.snapshot && options.console !== true,
    cmdline: [...words, ...(options.console === true ? ['loglevel=7'] : [])],
  });
  try {
    if (options.console === true) await watch(executor);
    else await greet(executor);
  } finally {
    await executor.close();
  }
}

async function greet(executor: QemuExecutor): Promise<void> {
  const hello = await executor.start();
  process.stdout.write(JSON.stringify({ hello, facts: executor.facts() }, undefined, 2) + '\n');
}

/** Copy the console to stdout until Ctrl-C, or until the guest does not boot. */
async function watch(executor: QemuExecutor): Promise<void> {
  let shown = 0;
  const show = (): void => {
    const text = executor.console();
    process.stdout.write(text.slice(shown));
    shown = text.length;
  };
  const interrupted = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  const timer = setInterval(show, POLL_MS);
  try {
    await Promise.race([executor.start().then(() => interrupted), interrupted]);
  } finally {
    clearInterval(timer);
    show();
  }
}

async function path(name: string, options: { arch?: GuestArch }): Promise<void> {
  const built = await requireBuilt(recipeNamed(name), archOf(options.arch));
  process.stdout.write(`${built.image}\n`);
}

/** The `kernel` command with its sub-commands. */
export function kernelCommand(): Command {
  const name = (): Argument =>
    new Argument('<name>', 'name of a kernel, see `gmemcheck kernel list`, or a recipe file (.yaml)');
  const command = new Command('kernel').description('List, build and boot the kernels that suites run on.');
  command
    .command('list')
    .description('Show every kernel and whether it is built.')
    .option('--json', 'machine-readable')
    .action(list);
  command
    .command('build')
    .description('Build a kernel, or find it in the cache.')
    .addArgument(name())
    .addOption(archOption('all'))
    .option('--refresh', 'look for a newer version of the source')
    .action(build);
  bootOptions(command.command('boot'))
    .description('Boot a kernel under QEMU and show what the agent in it says.')
    .addArgument(
      new Argument('<name>', 'name of a kernel, a recipe file (.yaml), or a path (with a slash) to an image'),
    )
    .addOption(archOption())
    .option('--cpus <n>', 'virtual CPUs', positive)
    .option('--memory <MiB>', 'memory', positive)
    .option('--no-snapshot', 'boot even if a snapshot is faster')
    .option('--console', 'show the console until Ctrl-C')
    .action(boot);
  command
    .command('path')
    .description('Print the path of a built kernel image.')
    .addArgument(name())
    .addOption(archOption())
    .action(path);
  return command;
}
