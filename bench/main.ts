#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/** `npm run bench`: what gmemcheck costs, measured beside the same work without it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { EXIT, UsageError, explainError } from '../harness/cli/exit.js';
import { machineArch } from '../harness/cli/machine-arch.js';
import { positive } from '../harness/cli/options.js';
import { TargetError } from '../harness/target/executor.js';
import { GUEST_ARCHES } from '../kernels/build/machine.js';
import type { GuestArch } from '../kernels/build/machine.js';
import type { Benchmark, BenchContext } from './benchmark.js';
import { boot } from './boot.js';
import { guest } from './guest.js';
import { host } from './host.js';
import { lint } from './lint.js';
import { model } from './model.js';
import { machineFacts, renderMachine } from './machine.js';
import { renderOutcome } from './report.js';
import type { Outcome } from './report.js';
import { suite } from './suite.js';

const BENCHMARKS: readonly Benchmark[] = [boot, host, guest, suite, lint, model];

interface Options {
  only?: string[];
  arch?: GuestArch | 'all';
  repeat?: number;
  kernel?: string;
  json?: boolean;
}

async function measure(benchmark: Benchmark, cx: BenchContext): Promise<Outcome> {
  const what = { benchmark: benchmark.name, ...(benchmark.perArch ? { arch: cx.arch } : {}) };
  try {
    return { ...what, ...(await benchmark.run(cx)) };
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return { ...what, unmeasured: error.message };
  }
}

async function bench(options: Options): Promise<void> {
  const own = machineArch();
  const arches = options.arch === 'all' ? GUEST_ARCHES : [options.arch ?? own];
  if (options.kernel !== undefined && arches.length > 1) {
    throw new UsageError('--kernel is an image for one architecture: give it with --arch');
  }
  const facts = await machineFacts(arches);
  if (!options.json) process.stdout.write(renderMachine(facts));
  const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const outcomes: Outcome[] = [];
  for (const benchmark of BENCHMARKS) {
    if (options.only && !options.only.includes(benchmark.name)) continue;
    for (const arch of benchmark.perArch ? arches : [own]) {
      const progress = (text: string): void => {
        process.stderr.write(`${benchmark.name}: ${text}\n`);
      };
      const { repeat, kernel } = options;
      const outcome = await measure(benchmark, { arch, repeat, kernel, directory, progress });
      outcomes.push(outcome);
      if (!options.json) process.stdout.write(`\n${renderOutcome(outcome)}`);
    }
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ machine: facts, outcomes }, undefined, 2)}\n`);
  process.exitCode = outcomes.some((outcome) => 'unmeasured' in outcome) ? EXIT.environment : EXIT.ok;
}

const names = BENCHMARKS.map(({ name }) => name);
const list = BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(7)} ${about}\n`).join('');

try {
  await new Command('bench')
    .description('Measure gmemcheck beside the same work without it.')
    .exitOverride()
    .addOption(new Option('--only <names...>', 'these benchmarks only').choices(names))
    .addOption(
      new Option('--arch <arch>', "of the guests (default: this machine's)").choices([
        ...GUEST_ARCHES,
        'all',
      ]),
    )
    .option('--repeat <n>', 'repetitions (default: 3 of all suites, 7 of everything else)', positive)
    .addOption(new Option('--kernel <path>', 'boot this image instead of the built one').env('KERNEL'))
    .option('--json', 'print machine and figures as JSON')
    .addHelpText(
      'after',
      `\nBenchmarks:\n${list}\nExit codes: 0 measured (targets met or not), 2 usage, 3 something could not be measured.`,
    )
    .action(bench)
    .parseAsync();
} catch (error) {
  const { code, text } = explainError(error);
  if (text !== '') process.stderr.write(`${text}\n`);
  process.exitCode = code;
}
