// SPDX-License-Identifier: GPL-2.0-only
import { FEATURES } from '../harness/cli/paths.js';
import { expandAll, openSession } from '../harness/run/session.js';
import type { Session } from '../harness/run/session.js';
import { runPoint } from '../harness/run/run-point.js';
import type { TestPoint } from '../harness/suite/expand.js';
import { loadSuites } from '../harness/suite/load.js';
import { TargetError } from '../harness/target/executor.js';
import { KernelTarget } from '../harness/target/kernel-target.js';
import { QemuExecutor } from '../harness/target/qemu-executor.js';
import { packagePath } from '../kernels/build/root.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { figure } from './figure.js';
import type { Figure } from './figure.js';
import { breakdown } from './guest-costs.js';
import { interleave, timed } from './interleave.js';
import { kernelImage } from './kernel.js';
import { LoopGuest } from './loop-guest.js';

const REPEAT = 7;
/** Milliseconds that a sample should take, so that the clock and one late wake-up do not matter. */
const SAMPLE_MS = 700;
const TRIAL = 10;
const TIMEOUT_MS = 30_000;

/** The two programs, and the loops of bench/c/guest-loop.c that make the same calls. */
const PROGRAMS = [
  { case: 'memory', title: 'memory: vm, gmem, mmap, store, load' },
  { case: 'vcpu', title: 'vcpu: the same, bind, vCPU, one load by it' },
] as const;

/** Run a point the way `gmemcheck run` does, `count` times. @throws TargetError unless it passes each time */
async function runTimes(
  { target, profile, features }: Session,
  point: TestPoint,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { verdict, reason, mismatches } = await runPoint(point, {
      run: (p) => target.run(p, profile),
      features,
      replay: () => '',
    });
    if (verdict === 'pass') continue;
    const [first] = mismatches;
    const why = first ? `${first.what}: expected ${first.expected}, got ${first.seen}` : (reason ?? '');
    throw new TargetError(`${point.id}: expected to pass, got ${verdict}: ${why}`);
  }
}

/** How often to do something so that it takes about {@link SAMPLE_MS}. */
async function sampleSize(run: (count: number) => Promise<unknown>): Promise<number> {
  await run(TRIAL);
  const ms = await timed(() => run(TRIAL));
  return Math.max(TRIAL, Math.round((SAMPLE_MS * TRIAL) / ms));
}

async function compare(
  session: Session,
  loop: LoopGuest,
  { case: name, title }: (typeof PROGRAMS)[number],
  repeat: number,
): Promise<Figure[]> {
  const point = programs(session).find((p) => p.id.endsWith(`/${name}`));
  if (!point) throw new TargetError(`expected a case '${name}' in bench/programs.yaml`);
  const ours = await sampleSize((count) => runTimes(session, point, count));
  const theirs = await sampleSize((count) => loop.run(name, count));
  const forked = `forked-${name}` as const;
  const samples = await interleave(
    {
      ours: async () => (1000 * ours) / (await timed(() => runTimes(session, point, ours))),
      c: async () => (1000 * theirs) / (await loop.run(name, theirs)),
      forked: async () => (1000 * theirs) / (await loop.run(forked, theirs)),
    },
    repeat,
  );
  const baseline = { label: 'C loop', samples: samples.c };
  const rates = [
    figure({
      name: title,
      unit: 'programs/s',
      ours: samples.ours,
      baseline,
      target: { of: 'ratio', is: 'at least', limit: 0.7 },
    }),
    figure({ name: '  C loop that forks for each', unit: 'programs/s', ours: samples.forked, baseline }),
  ];
  return [...rates, ...(await breakdown(session, loop, point, samples))];
}

function programs(session: Session): TestPoint[] {
  return expandAll(loadSuites([packagePath('bench', 'programs.yaml')]), session);
}

async function run(cx: BenchContext): Promise<Measured> {
  const kernel = await kernelImage(cx);
  // Without a snapshot: both guests have then booted the same way.
  const executor = new QemuExecutor({ kernel, arch: cx.arch, accelerator: 'tcg', snapshot: false });
  const target = new KernelTarget('bench', executor, { disposable: true, timeoutMs: TIMEOUT_MS });
  let loop: LoopGuest | undefined;
  try {
    cx.progress('booting two guests');
    loop = await LoopGuest.start(cx);
    const session = await openSession(target, FEATURES);
    const all: Measured = { figures: [], notes: [`kernel ${kernel}; two guests, one busy at a time`] };
    for (const each of PROGRAMS) {
      cx.progress(each.title);
      all.figures.push(...(await compare(session, loop, each, cx.repeat ?? REPEAT)));
    }
    return all;
  } finally {
    await loop?.end();
    await target.close();
  }
}

export const guest: Benchmark = {
  name: 'guest',
  about: 'programs per second in a TCG guest, beside a C loop with the same calls in the same kernel',
  perArch: true,
  run,
};
