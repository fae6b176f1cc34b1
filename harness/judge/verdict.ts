// SPDX-License-Identifier: GPL-2.0-only
import type { CrashReport } from '../program/crash.js';

/**
 * `fail`: the kernel did what nothing allows. `error`: we could not find out. `crash`: oops, splat, hang or
 * dead guest while the case ran. `xfail` ran and failed as recorded; `xpass` was to fail and did not.
 */
export type Verdict = 'pass' | 'fail' | 'skip' | 'xfail' | 'xpass' | 'error' | 'crash';

/** Verdicts that make a run end with exit code 1 (`error` alone ends it with 3 when nothing else ran). */
export const UNEXPECTED: ReadonlySet<Verdict> = new Set(['fail', 'xpass', 'error', 'crash']);

/** One step whose outcome the case's expectation does not allow. */
export interface Mismatch {
  /** 1-based number of the step, fixture steps counted first. */
  step: number;
  /** `suites/x.yaml:12:5`. */
  where: string;
  /** The step in one line of the suite's own vocabulary. */
  what: string;
  /** What was expected and what was seen, one line each. */
  expected: string;
  seen: string;
  /** What the specification allows at this step, one line for each outcome with its rule. */
  allowed?: readonly string[];
  /** strace-like rendering of the calls of this step. */
  calls: string[];
}

/** What the journal keeps of one case, and all that reports are made from. */
export interface CaseRecord {
  /** Unique and stable, e.g. `create/flags/each-bit[bit=3]`. */
  id: string;
  /** The suite part of the id, e.g. `create/flags`. */
  suite: string;
  about: string;
  /** Ids of suites/rules.yaml that the case holds the kernel to; none for a case of nobody's rules. */
  rules?: readonly string[];
  verdict: Verdict;
  /** Skips: machine-readable, e.g. `feature:fork`, `arch:aarch64`, `profile:d8-7.4`. */
  code?: string;
  /** Why it was skipped, expected to fail, or could not be judged; one line. */
  reason?: string;
  /** Of a failure: ids of the profiles that expect what was seen, when there are any. */
  drift?: readonly string[];
  /** Failing steps, in order. */
  mismatches: Mismatch[];
  crash?: CrashReport;
  /** Of a point with parallel threads: rounds that ran, the last of which decided. */
  rounds?: number;
  /** Of such a point: what shifted the threads in the last round. */
  seed?: number;
  /** Every call of the program, strace-like; kept for fail, error and crash. */
  calls: string[];
  /** Command that runs this case alone on the same target. */
  replay: string;
  durationMs: number;
}

/** What a run ran on; part of every report and of environment.json. */
export interface RunIdentity {
  /** As given: `host`, `agent`, `qemu:mainline-7.3`. */
  target: string;
  /** `x86_64`, `aarch64`. */
  arch: string;
  /** Kernel release as uname gives it. */
  release: string;
  profile: string;
  /** Page size in bytes. */
  pageSize: number;
  /** Words of the kernel command line that were chosen for this run, where a recipe or an option has some. */
  boot?: string;
  /** `kernel`, or `model` for a run that says nothing about any kernel. */
  evidence: 'kernel' | 'model';
}
