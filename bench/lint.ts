// SPDX-License-Identifier: GPL-2.0-only
import { execa } from 'execa';
import { TargetError } from '../harness/target/executor.js';
import { packagePath } from '../kernels/build/root.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { figure } from './figure.js';
import { interleave, timed } from './interleave.js';

const REPEAT = 7;
const LIMIT_MS = 60_000;

/** Seconds of a command of ours. */
async function seconds(argument: string, said: string[]): Promise<number> {
  const cli = packagePath('dist', 'harness', 'cli', 'main.js');
  const ms = await timed(async () => {
    const { exitCode, stderr } = await execa(process.execPath, [cli, argument], {
      reject: false,
      stdin: 'ignore',
      timeout: LIMIT_MS,
    });
    if (exitCode !== 0) throw new TargetError(`gmemcheck ${argument} failed:\n${stderr}`);
    said.push(stderr.trim());
  });
  return ms / 1000;
}

async function run(cx: BenchContext): Promise<Measured> {
  cx.progress('checking the shipped suites');
  const said: string[] = [];
  const { check, version } = await interleave(
    { check: () => seconds('check', said), version: () => seconds('--version', []) },
    cx.repeat ?? REPEAT,
  );
  return {
    figures: [
      figure({
        name: 'gmemcheck check',
        unit: 's',
        ours: check,
        baseline: { label: '--version', samples: version },
        target: { of: 'value', is: 'at most', limit: 1 },
      }),
    ],
    notes: [said.at(-1) ?? ''],
  };
}

export const lint: Benchmark = {
  name: 'lint',
  about: 'the check of all shipped suites, beside a command that does nothing',
  perArch: false,
  run,
};
