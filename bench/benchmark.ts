// SPDX-License-Identifier: GPL-2.0-only
import type { GuestArch } from '../kernels/build/machine.js';
import type { Figure } from './figure.js';

/** What a benchmark is run with. */
export interface BenchContext {
  arch: GuestArch;
  /** Repetitions asked for on the command line. */
  repeat: number | undefined;
  /** The user's own kernel image instead of a built one. */
  kernel: string | undefined;
  /** A directory of this run, removed at its end. */
  directory: string;
  /** Say on stderr what is being done. */
  progress: (text: string) => void;
}

export interface Measured {
  figures: Figure[];
  /** Sentences that the figures cannot be read without. */
  notes: string[];
}

export interface Benchmark {
  name: string;
  about: string;
  /** Run once for each architecture asked for, not on this machine only. */
  perArch: boolean;
  /** @throws TargetError saying what is missing when it cannot be measured here */
  readonly run: (cx: BenchContext) => Promise<Measured>;
}
