// SPDX-License-Identifier: GPL-2.0-only
import type { CrashReport } from '../program/crash.js';
import type { WireHello, WireProgram, WireReply } from '../lower/wire.js';

export type { CrashReport } from '../program/crash.js';

/** An executed program, or the crash that ended it. */
export type Execution = { reply: WireReply; crash?: CrashReport } | { reply?: undefined; crash: CrashReport };

/**
 * Something that executes wire programs one at a time: the ffi-rs worker, the agent as a child, the agent
 * inside a booted kernel. Rejections are TargetError: the environment failed and nothing is known about the
 * kernel. A dead guest is not a rejection but an Execution with a crash; the next `run` restarts it.
 */
export interface Executor {
  readonly name: string;
  /** Start (or restart) and return the greeting. Idempotent while alive. */
  start(): Promise<WireHello>;
  run(program: WireProgram): Promise<Execution>;
  /** Judge what the kernel did after the last program's answer; to be called at the end of a run. */
  settle?(): Promise<CrashReport | undefined>;
  /** Facts for environment.json, e.g. accelerator, QEMU version, snapshot used, boot milliseconds. */
  facts(): Record<string, string>;
  /** Everything the console printed so far (empty for executors without one). */
  console(): string;
  close(): Promise<void>;
}

/** The environment failed: no device, no boot, a broken frame, a dead worker. Never a kernel's fault. */
export class TargetError extends Error {
  override name = 'TargetError';
  constructor(
    message: string,
    /** `fatal`: nothing can run on this target (exit 3); `program`: this program only, the next may run. */
    readonly scope: 'fatal' | 'program' = 'fatal',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
