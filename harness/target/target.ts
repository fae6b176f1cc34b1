// SPDX-License-Identifier: GPL-2.0-only
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import type { Arch } from '../uapi/arch.js';
import type { Profile } from '../uapi/profiles/index.js';
import type { Executor } from './executor.js';
import type { KernelTargetOptions, TargetFeature } from './kernel-target.js';

/** What runs programs: a kernel behind an executor, or the model. */
export interface Target {
  /** As given on the command line: `host`, `qemu:mainline-7.3`, `spec`. */
  readonly name: string;
  /** What a run on it says something about. */
  readonly evidence: 'kernel' | 'model';
  readonly options: KernelTargetOptions;
  /** What executes; the model needs nothing. */
  readonly executor?: Executor;
  /** @throws TargetError when nothing can run on it */
  open(): Promise<void>;
  /** Release as uname gives it and the page size in bytes; known once it is open. */
  readonly hello: { readonly release: string; readonly pageSize: number };
  readonly arch: Arch;
  readonly features: ReadonlySet<TargetFeature>;
  /**
   * @param seed chooses how parallel threads are shifted against each other
   * @throws TargetError when nothing is known about the outcome
   */
  run(program: Program, profile: Profile, seed?: number): Promise<Trace>;
  close(): Promise<void>;
}
