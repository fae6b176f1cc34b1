// SPDX-License-Identifier: GPL-2.0-only
import { Command, Option } from 'commander';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { findProfile, PROFILES } from '../uapi/profiles/index.js';
import { wantsColor } from '../report/summary.js';
import { archesOf } from '../../kernels/build/recipe.js';
import { bootOptions, profileOf } from './boot-choice.js';
import type { BootOptions } from './boot-choice.js';
import { eachArch } from './each-arch.js';
import { EXIT, UsageError } from './exit.js';
import { recipeOfTarget, requireArch } from './find-recipe.js';
import { machineArch } from './machine-arch.js';
import { chooseTarget } from './open-target.js';
import { positive, repeated, withoutStrayKernel } from './options.js';
import { pointsFor, renderProgram } from './list.js';
import { select } from '../run/select.js';
import { loadSuites } from '../suite/load.js';
import { hasThreads } from '../program/step.js';
import type { TestPoint } from '../suite/expand.js';
import type { Context } from '../suite/scope.js';
import { RUNS, SUITES } from './paths.js';
import { ROUNDS } from './rounds.js';
import { runOnce } from './run-once.js';
import { INTERRUPTED, repetition } from '../../kernels/boot/reaper.js';

/** Options of `run`, as commander gives them. */
export interface RunOptions extends BootOptions {
  target: string;
  arch?: Arch | 'all';
  kernel?: string;
  profile?: string;
  suites?: string[];
  format: 'tap' | 'ktap' | 'none';
  out: string;
  resume?: string;
  minimum?: number;
  timeout: number;
  rounds: number;
  seed: number;
  kselftest?: boolean;
  writeReference?: boolean;
  spec: boolean;
  dryRun?: boolean;
  json?: boolean;
}

/** kselftest's exit code for "nothing of this applies here". */
const KSFT_SKIP = 4;

export function runCommand(): Command {
  const command = new Command('run')
    .description('Run test points on a kernel; TAP on stdout, everything in a run directory.')
    .argument('[ids...]', 'ids, suites, areas, or patterns with * (default: all)')
    .option(
      '--target <target>',
      'host, agent, qemu:RECIPE, spec (the model), or auto: the running kernel, else a guest that is built, else the model',
      'auto',
    )
    .addOption(
      new Option('--arch <arch>', "architecture of the guest (default: this machine's)").choices([
        ...ARCHES,
        'all',
      ]),
    )
    .addOption(new Option('--kernel <path>', 'your own kernel image, booted in QEMU').env('KERNEL'))
    .addOption(
      new Option('--profile <id>', 'dialect to hold the kernel to, instead of probing').choices(
        PROFILES.map((p) => p.id),
      ),
    )
    .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated)
    .addOption(
      new Option('--format <format>', 'report on stdout').choices(['tap', 'ktap', 'none']).default('tap'),
    )
    .option('--out <dir>', 'directory for run directories', RUNS)
    .option('--resume <dir>', 'continue the unfinished run in this run directory')
    .option(
      '--minimum <points>',
      "fail with 3 when fewer points executed (default: the recipe's, for a full run)",
      positive,
    )
    .option('--no-spec', 'judge by the cases alone, not by the specification too')
    .option('--timeout <seconds>', 'limit for one program', positive, 10)
    .option('--rounds <n>', 'how often points with parallel threads run', positive, ROUNDS)
    .option('--seed <n>', 'of their first round: chooses how threads are shifted', positive, 1)
    .option('--kselftest', 'exit 4 when every point was skipped')
    .option('--write-reference', 'store the report as the reference of this kernel and architecture')
    .option('--dry-run', 'print the programs instead of running them')
    .option('--json', 'print a summary as JSON on stdout instead of a report');
  return bootOptions(command).action(async (ids: string[], given: RunOptions, command: Command) => {
    const options = withoutStrayKernel(given, command.getOptionValueSource('kernel') === 'env');
    process.exitCode = options.dryRun ? dryRun(ids, options) : await run(ids, options);
  });
}

/** What suites are expanded for when no kernel was asked yet. */
function givenContext(arch: Arch, options: RunOptions): Context {
  const recipe = recipeOfTarget(options.target);
  const plain = options.target === 'spec' && arch === 'x86_64' ? 'd8' : 'd0';
  const id = options.profile ?? (recipe ? profileOf(recipe, options.dialect) : plain);
  const profile = findProfile(id);
  if (!profile) throw new UsageError(`unknown profile '${id}'`);
  return { arch, profile, pageSize: 4096 };
}

function dryRun(ids: readonly string[], options: RunOptions): number {
  const suites = loadSuites(options.suites ?? [SUITES]);
  for (const arch of arches(options)) {
    const context = givenContext(arch, options);
    for (const point of select(pointsFor(suites, context), ids)) {
      const lines = point.skip ? [`  skip: ${point.skip.reason}`] : renderProgram(point, context);
      process.stdout.write(`${point.id} (${arch})\n${lines.join('\n')}\n`);
    }
  }
  return EXIT.ok;
}

function arches({ arch, target }: RunOptions): readonly Arch[] {
  const recipe = recipeOfTarget(target);
  if (arch === 'all') return recipe ? archesOf(recipe) : ARCHES;
  const one = arch ?? machineArch();
  if (recipe) requireArch(recipe, one);
  return [one];
}

/** One run for each architecture, one report each; the exit code is that of the worst. */
async function run(ids: readonly string[], options: RunOptions): Promise<number> {
  const list = arches(options);
  if (options.resume !== undefined && list.length > 1)
    throw new UsageError('--resume continues one run: give its architecture');
  // What was written wrong is said before a kernel is built or booted for it.
  const suites = loadSuites(options.suites ?? [SUITES]);
  // The shipped suites as a whole need no looking at.
  const whole = ids.length === 0 && options.suites === undefined;
  const selected = whole
    ? []
    : list.flatMap((arch) => select(pointsFor(suites, givenContext(arch, options)), ids));
  const abort = new AbortController();
  const again = repetition();
  // A listener that stays tells the reaper of guests and workers that this run still needs them.
  const stop = (): void => {
    if (again()) process.exit(INTERRUPTED);
    if (abort.signal.aborted) return;
    process.stderr.write('\nstopping after this point; press again to stop now\n');
    abort.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const codes = await eachArch(list, async (arch, ended) => {
    if (abort.signal.aborted) {
      process.stderr.write(`${arch}: not run\n`);
      return ended(EXIT.environment);
    }
    const chosen = await chooseTarget({
      target: options.target,
      arch,
      timeout: options.timeout,
      ...(options.profile !== undefined && { profile: options.profile }),
      ...cpusFor(selected),
      ...kernel(options),
      ...bootChoice(options),
    });
    try {
      const { records, total, exit } = await runOnce(
        ids,
        options,
        suites,
        chosen,
        abort.signal,
        wantsColor(process.stderr),
      );
      const skipped = records.length > 0 && total.counts.skip === total.planned;
      const code = options.kselftest && skipped ? KSFT_SKIP : exit.code;
      // Nobody asked for the model: that nothing is wrong with it must not pass for a kernel's test.
      ended(chosen.makeshift && code === EXIT.ok ? EXIT.environment : code);
    } finally {
      await chosen.target.close();
    }
  });
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return worst(codes);
}

/** A finding outranks a run that proves nothing, and that one all others; all skipped only where all were. */
export function worst(codes: readonly number[]): number {
  for (const code of [EXIT.unexpected, EXIT.environment]) if (codes.includes(code)) return code;
  return codes.length > 0 && codes.every((code) => code === KSFT_SKIP) ? KSFT_SKIP : EXIT.ok;
}

/**
 * Threads meet where each has a CPU. A second emulated CPU makes everything else slower (kernels/machines), so that
 * only runs of nothing but such points have it; elsewhere their threads share one and give it to each other.
 */
export function cpusFor(points: readonly TestPoint[]): { cpus?: number } {
  const run = points.filter((point) => !point.skip);
  return run.length > 0 && run.every(({ program }) => hasThreads(program)) ? { cpus: 2 } : {};
}

const kernel = ({ kernel: path }: RunOptions): { kernel?: string } =>
  path === undefined ? {} : { kernel: path };

/** The part of the options that is about booting. */
function bootChoice({ dialect, inPlace, append }: BootOptions): BootOptions {
  return {
    ...(dialect === undefined ? {} : { dialect }),
    ...(inPlace === undefined ? {} : { inPlace }),
    ...(append === undefined ? {} : { append }),
  };
}
