// SPDX-License-Identifier: GPL-2.0-only
import { lower } from '../lower/lower.js';
import type { WireHello } from '../lower/wire.js';
import { WIRE_PROTOCOL } from '../lower/wire.js';
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { isArch } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import type { Profile } from '../uapi/profiles/index.js';
import { TargetError } from './executor.js';
import type { CrashReport, Executor } from './executor.js';
import type { Target } from './target.js';

/** What a target can do, as far as the harness knows without asking the kernel. */
export type TargetFeature = WireHello['features'][number] | 'vcpu' | 'disposable';

export interface KernelTargetOptions {
  /** A kernel of our own that may be crashed. */
  disposable: boolean;
  /** Milliseconds for one program. */
  timeoutMs: number;
}

/** A kernel behind an executor: runs programs, gives traces. */
export class KernelTarget implements Target {
  readonly evidence = 'kernel';
  private greeting: WireHello | undefined;

  constructor(
    /** As given on the command line: `host`, `agent`, `qemu:mainline-7.3`. */
    readonly name: string,
    readonly executor: Executor,
    readonly options: KernelTargetOptions,
  ) {}

  /** Start the executor. @throws TargetError when it does not start or speaks another protocol */
  async open(): Promise<void> {
    const hello = await this.executor.start();
    if (hello.protocol !== WIRE_PROTOCOL) {
      throw new TargetError(
        `expected protocol ${WIRE_PROTOCOL}, the executor speaks ${hello.protocol}: rebuild it`,
      );
    }
    this.greeting = hello;
  }

  get hello(): WireHello {
    if (!this.greeting) throw new TargetError(`target ${this.name} was not opened`);
    return this.greeting;
  }

  /** @throws TargetError for an architecture this version has no tables for */
  get arch(): Arch {
    const { machine } = this.hello;
    if (!isArch(machine)) throw new TargetError(`expected x86_64 or aarch64, the target is ${machine}`);
    return machine;
  }

  get features(): ReadonlySet<TargetFeature> {
    const all = new Set<TargetFeature>(['vcpu', ...this.hello.features]);
    if (this.options.disposable) all.add('disposable');
    return all;
  }

  /**
   * Run a program. A guest that died comes back as a trace with a crash.
   * @param seed shifts the beginnings of parallel threads against each other; the same shifts for the same seed
   * @throws TargetError when nothing is known about the outcome
   */
  async run(program: Program, profile: Profile, seed?: number): Promise<Trace> {
    const { wire, lift } = lower(program, {
      arch: this.arch,
      profile,
      pageSize: this.hello.pageSize,
      timeoutMs: this.options.timeoutMs,
      ...(seed === undefined ? {} : { seed }),
    });
    const execution = await this.executor.run(wire);
    if (!execution.reply) return { steps: [], crash: execution.crash };
    const trace = lift(execution.reply);
    const crash = execution.crash ?? (execution.reply.end === 'stuck' ? stuck(trace) : undefined);
    return crash ? { ...trace, crash } : trace;
  }

  async close(): Promise<void> {
    await this.executor.close();
  }
}

/** A process that SIGKILL does not end within seconds is a hang of the kernel, not of the program. */
function stuck(trace: Trace): CrashReport {
  const call = trace.steps.flatMap((s) => s.calls).find((line) => line.includes('<unfinished ...>'));
  return {
    kind: 'hang',
    title: `a call is stuck in the kernel: ${call ?? 'it is not known which'}`,
    excerpt: [],
  };
}
