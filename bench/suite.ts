// SPDX-License-Identifier: GPL-2.0-only
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { TargetError } from '../harness/target/executor.js';
import { packagePath } from '../kernels/build/root.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { figure } from './figure.js';
import { timed } from './interleave.js';
import { RECIPE, kernelImage } from './kernel.js';

const REPEAT = 3;
const KB_PER_MB = 1024;
const LIMIT_MS = 600_000;

/** What is read of the JSON that `run --json` prints. */
interface Summary {
  exit: { code: number };
  totals: { planned: number; executed: number };
  runDir: string;
}

/** What one run of the command line took. */
interface SuiteRun {
  /** Seconds from starting Node to its end. */
  wall: number;
  /** Seconds from starting QEMU to the agent's answer. */
  boot: number;
  executed: number;
  /** Peak resident set of the process, MiB. */
  rss: number;
  exit: number;
}

/**
 * Code that Node runs before the command line: at the end it stores the peak of the resident set. Not
 * getrusage, whose maximum survives exec and so would include this process.
 */
function reporter(file: string): string {
  const code = `import{readFileSync as r,writeFileSync as w}from'node:fs';process.on('exit',()=>w(${JSON.stringify(file)},r('/proc/self/status')))`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function peakMb(file: string): Promise<number> {
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(file, 'utf8'))?.[1];
  if (kb === undefined) throw new TargetError(`expected VmHWM in /proc/self/status, found none`);
  return Number(kb) / KB_PER_MB;
}

async function runOnce(cx: BenchContext): Promise<SuiteRun> {
  const status = join(cx.directory, 'status');
  const where = cx.kernel === undefined ? [`qemu:${RECIPE}`] : ['qemu', '--kernel', cx.kernel];
  const cli = packagePath('dist', 'harness', 'cli', 'main.js');
  const options = ['--arch', cx.arch, '--format', 'none', '--json', '--out', join(cx.directory, 'runs')];
  let result = { stdout: '', stderr: '' };
  const ms = await timed(async () => {
    result = await execa(
      process.execPath,
      ['--import', reporter(status), cli, 'run', '--target', ...where, ...options],
      { reject: false, stdin: 'ignore', timeout: LIMIT_MS },
    );
  });
  const summary = parse(result);
  const environment = JSON.parse(await readFile(join(summary.runDir, 'environment.json'), 'utf8')) as {
    executor: { startMs?: string };
  };
  return {
    wall: ms / 1000,
    boot: Number(environment.executor.startMs ?? NaN) / 1000,
    executed: summary.totals.executed,
    rss: await peakMb(status),
    exit: summary.exit.code,
  };
}

function parse({ stdout, stderr }: { stdout: string; stderr: string }): Summary {
  try {
    return JSON.parse(stdout) as Summary;
  } catch (cause) {
    const end = stderr.trim().split('\n').slice(-5).join('\n');
    throw new TargetError(`expected a summary of the run, got none:\n${end}`, 'fatal', { cause });
  }
}

async function run(cx: BenchContext): Promise<Measured> {
  await kernelImage(cx);
  const runs: SuiteRun[] = [];
  const repeat = cx.repeat ?? REPEAT;
  for (let i = 0; i <= repeat; i++) {
    cx.progress(`running all suites, ${i === 0 ? 'warming up' : `${i} of ${repeat}`}`);
    runs.push(await runOnce(cx));
  }
  runs.shift();
  const after = runs.map(({ wall, boot }) => wall - boot);
  const [last] = runs.slice(-1);
  return {
    figures: [
      figure({
        name: 'all suites, after boot',
        unit: 's',
        ours: after,
        target: { of: 'value', is: 'at most', limit: 20 },
      }),
      figure({ name: 'from the command to its end', unit: 's', ours: runs.map((r) => r.wall) }),
      figure({
        name: 'points',
        unit: 'points/s',
        ours: runs.map((r, i) => r.executed / (after[i] ?? NaN)),
      }),
      figure({
        name: "orchestrator's peak memory (VmHWM)",
        unit: 'MiB',
        ours: runs.map((r) => r.rss),
        target: { of: 'value', is: 'at most', limit: 200 },
      }),
    ],
    notes: [
      `${last?.executed ?? 0} points executed, exit code ${last?.exit ?? -1}`,
      'after boot: the whole command less the start of the guest, so Node, loading, probing and reports are in it',
    ],
  };
}

export const suite: Benchmark = {
  name: 'suite',
  about: 'all shipped suites in a TCG guest through the command line: time, rate, memory',
  perArch: true,
  run,
};
