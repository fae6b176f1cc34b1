// SPDX-License-Identifier: GPL-2.0-only
import { execa } from 'execa';
import { kvmOpens } from '../harness/cli/open-target.js';
import { judge } from '../harness/judge/judge.js';
import { program, step } from '../harness/program/make.js';
import type { PlannedStep, Program } from '../harness/program/step.js';
import { HostExecutor } from '../harness/target/host-executor.js';
import { KernelTarget } from '../harness/target/kernel-target.js';
import { TargetError } from '../harness/target/executor.js';
import { CONSTANTS } from '../harness/uapi/constants.js';
import { d0Mainline } from '../harness/uapi/profiles/d0-mainline.js';
import { machineArch } from '../kernels/build/agent.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { compileC } from './compile.js';
import { figure } from './figure.js';
import { interleave, timed } from './interleave.js';

const REPEAT = 7;
/** Rounds of the sequence in one program; a program as large as this one amortises its own costs. */
const ROUNDS = 50;
const PROGRAMS = 10;
/** Calls in one round of bench/c/host-loop.c. */
const CALLS = 7;
/** C is some tens of times faster, and a sample should last. */
const C_ROUNDS = 20 * ROUNDS * PROGRAMS;
const LIMIT_MS = 5_000;

const constant = (name: string): bigint => CONSTANTS[name] ?? 0n;

/** The calls of bench/c/host-loop.c. @param pageSize bytes */
function sequence(pageSize: number): PlannedStep[] {
  const size = BigInt(pageSize);
  const flags = constant('GUEST_MEMFD_FLAG_MMAP') | constant('GUEST_MEMFD_FLAG_INIT_SHARED');
  const mode = constant('FALLOC_FL_PUNCH_HOLE') | constant('FALLOC_FL_KEEP_SIZE');
  return [
    step('check_extension', { cap: constant('KVM_CAP_GUEST_MEMFD') }, { fields: { value: 1n } }),
    step('create_gmem', { size, flags }),
    step('mmap', { of: 'gmem', length: size }),
    step('store', { offset: 0n, value: 1n }),
    step('map_op', { op: 'munmap', length: size }, { fields: { value: 0n } }),
    step('fallocate', { mode, length: size }),
    step('close', { on: 'gmem' }),
  ];
}

function loopProgram(pageSize: number): Program {
  const rounds = Array.from({ length: ROUNDS }, () => sequence(pageSize)).flat();
  return program('bench/host', step('create_vm', {}), ...rounds);
}

/** Steps per second of the whole way: lower, frames, ffi-rs, lift, judge. Returns those within ffi-rs too. */
async function hostRate(target: KernelTarget, steps: Program): Promise<{ all: number; calls: number }> {
  let insideNs = 0n;
  const ms = await timed(async () => {
    for (let i = 0; i < PROGRAMS; i++) {
      const trace = await target.run(steps, d0Mainline);
      const { verdict, reason, mismatches } = judge(steps, trace);
      if (verdict !== 'pass') {
        const [first] = mismatches;
        const why = first ? `${first.what}: expected ${first.expected}, got ${first.seen}` : reason;
        throw new TargetError(`the running kernel does not do what the loop needs: ${why ?? verdict}`);
      }
      insideNs += trace.steps.reduce((sum, s) => sum + s.durationNs, 0n);
    }
  });
  const count = PROGRAMS * ROUNDS * CALLS;
  return { all: (1000 * count) / ms, calls: (1e9 * count) / Number(insideNs) };
}

/** Calls per second of the C loop. */
async function loopRate(path: string): Promise<number> {
  const { stdout, stderr, exitCode, timedOut } = await execa(path, [String(C_ROUNDS)], {
    reject: false,
    stdin: 'ignore',
    timeout: LIMIT_MS,
  });
  if (exitCode === 0) return (1e9 * C_ROUNDS * CALLS) / Number(stdout);
  const why = timedOut ? `did not end within ${LIMIT_MS} ms` : stderr;
  throw new TargetError(`the C loop on the running kernel failed: ${why}`);
}

async function run(cx: BenchContext): Promise<Measured> {
  if (!kvmOpens()) throw new TargetError('/dev/kvm does not open (see: gmemcheck doctor)');
  const arch = machineArch();
  if (!arch) throw new TargetError(`expected an x86_64 or aarch64 machine, this is ${process.arch}`);
  const loop = await compileC('host-loop', arch, cx.directory);
  const target = new KernelTarget('host', new HostExecutor(), { disposable: false, timeoutMs: LIMIT_MS });
  const inside: number[] = [];
  try {
    await target.open();
    const steps = loopProgram(target.hello.pageSize);
    cx.progress('calling the running kernel');
    const { host, c } = await interleave(
      {
        host: async () => {
          const { all, calls } = await hostRate(target, steps);
          inside.push(calls);
          return all;
        },
        c: () => loopRate(loop),
      },
      cx.repeat ?? REPEAT,
    );
    const baseline = { label: 'C loop', samples: c };
    return {
      figures: [
        figure({ name: 'steps through ffi-rs', unit: 'steps/s', ours: host, baseline }),
        figure({ name: 'of that, inside the ops', unit: 'steps/s', ours: inside.slice(1), baseline }),
      ],
      notes: [
        `${ROUNDS} rounds of ${CALLS} steps in a program: check_extension, create_gmem, mmap, store, munmap, punch, close`,
        'the host target stores by a call of the kernel, because a fault must not kill Node; C stores directly',
      ],
    };
  } finally {
    await target.close();
  }
}

export const host: Benchmark = {
  name: 'host',
  about: 'steps per second on the running kernel through ffi-rs, beside the same calls in a C loop',
  perArch: false,
  run,
};
