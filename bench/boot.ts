// SPDX-License-Identifier: GPL-2.0-only
import { judge } from '../harness/judge/judge.js';
import { program, step } from '../harness/program/make.js';
import { TargetError } from '../harness/target/executor.js';
import { KernelTarget } from '../harness/target/kernel-target.js';
import { QemuExecutor } from '../harness/target/qemu-executor.js';
import { CONSTANTS } from '../harness/uapi/constants.js';
import { d0Mainline } from '../harness/uapi/profiles/d0-mainline.js';
import { consoleTail } from '../kernels/boot/crash.js';
import { startGuest } from '../kernels/boot/guest.js';
import type { GuestSpec } from '../kernels/boot/qemu-command.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { figure } from './figure.js';
import { guestSpec } from './guest-spec.js';
import { interleave, timed } from './interleave.js';
import { kernelImage } from './kernel.js';

const REPEAT = 7;
const POLL_MS = 2;
const LIMIT_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** What bench/c/bare-init.c says. */
const LINE = 'gmemcheck bare init';

/** Milliseconds from starting QEMU to the bare init's line on the console. */
async function bareBoot(spec: GuestSpec): Promise<number> {
  const began = performance.now();
  const guest = await startGuest(spec);
  const ended = new AbortController();
  void guest.exited.then(() => ended.abort());
  try {
    for (;;) {
      // Looked at first: what was printed before QEMU ended is in the file by then.
      const last = ended.signal.aborted || performance.now() - began > LIMIT_MS;
      if (guest.console.all().includes(LINE)) return performance.now() - began;
      if (last) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const tail = consoleTail(guest.console.all(), 10).map((line) => `  | ${line}`);
    throw new TargetError(['the bare init did not come up:', ...tail].join('\n'));
  } finally {
    await guest.end();
  }
}

/** The least that has a verdict. */
const TRIVIAL = program(
  'bench/trivial',
  step('check_extension', { cap: CONSTANTS['KVM_CAP_USER_MEMORY'] }, { fields: { value: 1n } }),
);

/**
 * Milliseconds from starting QEMU to the verdict of the trivial program.
 * @param ways gets how the guest was started: `boot` or `snapshot`.
 */
async function firstVerdict(
  cx: BenchContext,
  kernel: string,
  snapshot: boolean,
  ways: Set<string>,
): Promise<number> {
  const executor = new QemuExecutor({ kernel, arch: cx.arch, accelerator: 'tcg', snapshot });
  const target = new KernelTarget('bench', executor, { disposable: true, timeoutMs: TIMEOUT_MS });
  try {
    await target.open();
    const rest = await timed(async () => {
      const { verdict } = judge(TRIVIAL, await target.run(TRIVIAL, d0Mainline));
      if (verdict !== 'pass') throw new TargetError(`expected the trivial program to pass, got ${verdict}`);
    });
    // What comes before QEMU starts (hashing the image for the cache's keys) is not part of the boot.
    const { start = '', startMs } = executor.facts();
    ways.add(start);
    return Number(startMs) + rest;
  } finally {
    await target.close();
  }
}

async function run(cx: BenchContext): Promise<Measured> {
  const kernel = await kernelImage(cx);
  const spec = await guestSpec('bare-init', cx);
  cx.progress('booting');
  const [booted, resumed] = [new Set<string>(), new Set<string>()];
  const { bare, product, restored } = await interleave(
    {
      product: () => firstVerdict(cx, kernel, false, booted),
      bare: () => bareBoot(spec),
      restored: () => firstVerdict(cx, kernel, true, resumed),
    },
    cx.repeat ?? REPEAT,
  );
  const baseline = { label: 'bare init', samples: bare };
  return {
    figures: [
      figure({
        name: 'boot to first verdict',
        unit: 'ms',
        ours: product,
        baseline,
        target: { of: 'ratio', is: 'at most', limit: 1.3 },
      }),
      figure({ name: 'snapshot to first verdict', unit: 'ms', ours: restored, baseline }),
    ],
    notes: [
      `kernel ${kernel}; from starting QEMU, same machine and command line on both sides`,
      `guests came up by ${[...booted].join(' and ')}; with snapshots allowed by ${[...resumed].join(' and ')}`,
    ],
  };
}

export const boot: Benchmark = {
  name: 'boot',
  about: 'from starting QEMU to the first verdict, beside the same kernel and a bare init',
  perArch: true,
  run,
};
