// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { argued, readEquivalents } from '../mutate/equivalent.js';
import { runModelMutants } from '../mutate/model-run.js';
import { ScoreJournal } from '../mutate/score-journal.js';
import { count, renderScoreboard, summary } from '../mutate/scoreboard.js';
import type { Score } from '../mutate/scoreboard.js';
import { loadRules } from '../suite/rules.js';
import { CaseErrors } from '../suite/case-error.js';
import { TargetError } from '../target/executor.js';
import { ProgressLine } from '../../kernels/build/progress.js';
import { EXIT, UsageError } from './exit.js';
import { mutateKernel } from './mutate-kernel.js';
import { positive, repeated } from './options.js';
import { MUTATION, RULES, RUNS, SUITES } from './paths.js';

export interface MutateOptions {
  target: string;
  faults?: string[];
  jobs: number;
  suites?: string[];
  fresh?: boolean;
  write?: boolean;
  json?: boolean;
}

export function mutateCommand(): Command {
  return new Command('mutate')
    .description(
      'Score the suites: give them faults that were made on purpose, and list those that no case finds. ' +
        'An interrupted run goes on where it was.',
    )
    .requiredOption(
      '--target <target>',
      'spec: mutants of the model, generated; qemu:RECIPE: faults of that kernel, one boot each',
    )
    .option(
      '--faults <pattern>',
      'only faults whose id contains this, or begins with it when it begins with a verb; repeatable',
      repeated,
    )
    .option('--jobs <n>', 'threads, or guests, at the same time', positive, 2)
    .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated)
    .option('--fresh', 'forget what an earlier run recorded')
    .option('--write', 'store the table below results/mutation')
    .option('--json', 'the scores as JSON instead of a table')
    .action(async (options: MutateOptions) => {
      const abort = new AbortController();
      const stop = (): void => {
        process.stderr.write('\nstopping; the same command goes on where this ends\n');
        abort.abort();
      };
      process.once('SIGINT', stop).once('SIGTERM', stop);
      try {
        process.exitCode =
          options.target === 'spec'
            ? await mutateModel(options, abort.signal)
            : await mutateKernel(options, abort.signal);
      } finally {
        process.off('SIGINT', stop).off('SIGTERM', stop);
      }
    });
}

async function mutateModel(options: MutateOptions, signal: AbortSignal): Promise<number> {
  const suites = options.suites ?? [SUITES];
  const key = hashOf([SUITES, join(import.meta.dirname, '..')]);
  const journal = new ScoreJournal(join(RUNS, 'mutate-spec.ndjson'), key, options.fresh);
  const line = new ProgressLine('mutants of the model');
  const result = await runModelMutants({
    suites,
    only: options.faults ?? [],
    assumed: loadRules(RULES)
      .rules.filter((r) => r.assumed)
      .map((r) => r.id),
    jobs: options.jobs,
    journal,
    progress: (done, total, last) => {
      line.update({ phase: `${done}/${total}, ${last.id}: ${last.verdict}` });
    },
    signal,
  }).finally(() => {
    line.end();
  });
  if (result.interrupted) throw new TargetError('interrupted: the same command goes on from here');
  for (const name of result.unfit)
    process.stderr.write(`not used, the model and its case are not equally exact: ${name}\n`);
  const equivalents = readEquivalents(join(MUTATION, 'equivalent.yaml'));
  const scores = argued(result.scores, equivalents);
  const whole = options.faults === undefined && options.suites === undefined;
  const stale = equivalents.stale(scores.filter((s) => s.verdict === 'equivalent').map((s) => s.id));
  if (whole && stale.length > 0) throw new CaseErrors(stale);
  await report(
    options,
    whole,
    'spec',
    ['mutants of the model, held to the cases', `${result.points} points`],
    scores,
  );
  return count(scores).survived > 0 ? EXIT.unexpected : EXIT.ok;
}

/**
 * Print the table, and store it when asked.
 * @param name of the file below results/mutation
 */
export async function report(
  options: MutateOptions,
  whole: boolean,
  name: string,
  head: readonly string[],
  scores: readonly Score[],
): Promise<void> {
  const table = renderScoreboard(head, scores);
  if (options.json) process.stdout.write(`${JSON.stringify(scores, null, 2)}\n`);
  else process.stdout.write(table);
  process.stderr.write(`${summary(scores)}\n`);
  if (!options.write) return;
  if (!whole) throw new UsageError('--write needs all faults and the shipped suites');
  const path = join(MUTATION, `${name}.txt`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, table);
  process.stderr.write(`written: ${path}\n`);
}

/** sha256 of the YAML and JavaScript files below directories: everything that a score of the model depends on. */
function hashOf(directories: readonly string[]): string {
  const hash = createHash('sha256');
  for (const directory of directories) {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files) {
      if (!/\.(yaml|js)$/.test(file)) continue;
      hash.update(file).update(readFileSync(join(directory, file)));
    }
  }
  return hash.digest('hex');
}
