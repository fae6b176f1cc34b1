// SPDX-License-Identifier: GPL-2.0-only
/** How a recipe's kernel is to be booted: its dialect, its switches, and further words of the command line. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Recipe } from '../../kernels/build/recipe.js';
import type { Arch } from '../uapi/arch.js';
import type { QemuOptions } from '../target/qemu-executor.js';
import { UsageError } from './exit.js';
import { repeated } from './options.js';
import { shellWord } from './paths.js';

/** What the command line says about booting. */
export interface BootOptions {
  dialect?: string;
  inPlace?: 'on' | 'off';
  append?: string[];
}

/** A recipe and a choice, put together. */
export interface ChosenBoot {
  /** What the guest is given on top of kernel and architecture. */
  guest: Pick<QemuOptions, 'cmdline' | 'memoryMb' | 'cpus' | 'bootTimeoutMs' | 'facts'>;
  /** Words of the command line that the recipe and the user asked for. */
  words: readonly string[];
  dialect?: string;
  /** What probing should find; undefined when the user's choice may change that. */
  profile?: string;
  minimumPoints: Partial<Record<Arch, number>>;
  /** Name below results/reference; undefined when a report of this boot compares with none. */
  reference?: string;
}

/** Add `--dialect`, `--in-place` and `--append` to a command that boots. */
export function bootOptions(command: Command): Command {
  return command
    .option('--dialect <id>', "dialect that the kernel is booted with (default: the recipe's)")
    .addOption(
      new Option('--in-place <position>', 'in-place conversion of the kernel').choices(['on', 'off']),
    )
    .option('--append <words>', 'further words for the kernel command line; repeatable', repeated);
}

/** The options again, for a command line that boots the same way. */
export function bootWords({ dialect, inPlace, append = [] }: BootOptions): string[] {
  return [
    ...(dialect === undefined ? [] : ['--dialect', dialect]),
    ...(inPlace === undefined ? [] : ['--in-place', inPlace]),
    ...append.flatMap((words) => ['--append', words]),
  ];
}

/** @throws UsageError when there are options that only a guest, or only a kernel with a recipe, has. */
export function refuseBootOptions(options: BootOptions, target: string): void {
  const [given] = bootWords(options);
  if (given !== undefined) throw new UsageError(`${given} needs --target qemu:RECIPE, got ${target}`);
}

const split = (append: readonly string[] = []): string[] =>
  append.flatMap((words) => words.split(/\s+/).filter((word) => word !== ''));

/** Words for a kernel that has no recipe. @throws UsageError when a dialect or a switch is asked for. */
export function bootOfImage(
  { append, ...others }: BootOptions,
  target: string,
): Pick<ChosenBoot, 'guest' | 'words'> {
  refuseBootOptions(others, target);
  const words = split(append);
  return { guest: { cmdline: words }, words };
}

/** The dialect that is asked for. @throws UsageError naming those that there are. */
export function dialectOf(recipe: Recipe, wanted: string | undefined): string | undefined {
  const known = Object.keys(recipe.dialects ?? {});
  if (wanted === undefined) return recipe.defaultDialect;
  if (known.length === 0) throw new UsageError(`${recipe.name} has no dialects, got --dialect ${wanted}`);
  if (known.includes(wanted)) return wanted;
  throw new UsageError(`expected a dialect of ${recipe.name} (${known.join(', ')}), got '${wanted}'`);
}

/** The profile that a kernel booted this way is expected to speak. @throws UsageError as {@link dialectOf}. */
export function profileOf(recipe: Recipe, wanted: string | undefined): string {
  const dialect = dialectOf(recipe, wanted);
  return (dialect === undefined ? undefined : recipe.dialects?.[dialect]?.profile) ?? recipe.profile;
}

/**
 * Decide how to boot.
 *
 * @throws UsageError for a dialect or a switch that the recipe does not have.
 */
export function bootOf(recipe: Recipe, options: BootOptions): ChosenBoot {
  const { inPlace, append } = options;
  const dialect = dialectOf(recipe, options.dialect);
  const spoken = dialect === undefined ? undefined : recipe.dialects?.[dialect];
  const positions = recipe.switches?.['in-place'];
  if (inPlace !== undefined && !positions)
    throw new UsageError(`${recipe.name} has no switch for in-place conversion, got --in-place ${inPlace}`);
  const { cmdline = [], memoryMb, cpus, timeoutMs } = recipe.boot ?? {};
  const extra = split(append);
  const words = [...cmdline, ...(spoken?.cmdline ?? []), ...(positions?.[inPlace ?? 'on'] ?? []), ...extra];
  const usual = inPlace !== 'off' && extra.length === 0;
  const compared = usual && recipe.shipped === true;
  const first = dialect === recipe.defaultDialect;
  return {
    guest: {
      cmdline: words,
      ...(memoryMb === undefined ? {} : { memoryMb }),
      ...(cpus === undefined ? {} : { cpus }),
      ...(timeoutMs === undefined ? {} : { bootTimeoutMs: timeoutMs }),
      facts: {
        ...(dialect === undefined ? {} : { dialect }),
        ...(positions ? { inPlace: inPlace ?? 'on' } : {}),
      },
    },
    words,
    ...(dialect === undefined ? {} : { dialect }),
    ...(usual ? { profile: spoken?.profile ?? recipe.profile } : {}),
    minimumPoints: usual ? (spoken?.minimumPoints ?? (first ? recipe.minimumPoints : undefined) ?? {}) : {},
    ...(compared ? { reference: first ? recipe.name : `${recipe.name}-${dialect ?? ''}` } : {}),
  };
}

/** ` with …` for the line that says what runs; empty when nothing was chosen. */
export function renderBoot({ dialect, words }: Pick<ChosenBoot, 'dialect' | 'words'>): string {
  const parts = [
    ...(dialect === undefined ? [] : [`dialect ${dialect}`]),
    ...(words.length > 0 ? [words.map(shellWord).join(' ')] : []),
  ];
  return parts.length === 0 ? '' : `; booted with ${parts.join(': ')}`;
}
