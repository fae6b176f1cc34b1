// SPDX-License-Identifier: GPL-2.0-only
/** Programs made by code, lowered, and given replies that no kernel had to give. */
import { program } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import type { Arch } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import { lower } from './lower.js';
import type { Lowered } from './lower.js';
import { notRun } from './wire.js';
import type { WireOp, WireReply, WireResult } from './wire.js';

/** Lower steps for D0 and pages of 4 KiB. */
export function lowered(steps: readonly PlannedStep[], arch: Arch = 'x86_64'): Lowered {
  const [profile] = PROFILES;
  if (!profile) throw new Error('no profiles');
  return lower(program('p', ...steps), { arch, profile, pageSize: 4096, timeoutMs: 1000 });
}

/** What an op did, unless a test says otherwise: it succeeded with 0. */
export const DONE: WireResult = { ...notRun(), status: 'done', ret: 0n, durationNs: 10n };

/** A reply in which every op did as {@link DONE}, but for those given by index. */
export function replyTo(
  { wire }: Lowered,
  results: Readonly<Record<number, Partial<WireResult>>> = {},
  rest: Partial<WireReply> = {},
): WireReply {
  return {
    end: 'complete',
    signal: 0,
    blobAddress: 0x10000n,
    results: wire.ops.map((_, i) => ({ ...DONE, ...results[i] })),
    ...rest,
  };
}

/** The results of steps, given what ops did. */
export function traced(
  steps: readonly PlannedStep[],
  results: Readonly<Record<number, Partial<WireResult>>> = {},
  arch: Arch = 'x86_64',
): readonly StepResult[] {
  const l = lowered(steps, arch);
  return l.lift(replyTo(l, results)).steps;
}

/** The calls of all steps as a report shows them when each succeeds. */
export function calls(steps: readonly PlannedStep[], arch: Arch = 'x86_64'): string[] {
  return traced(steps, {}, arch).flatMap((s) => s.calls);
}

/** Index of the last op that satisfies a condition; system calls by name. */
export function lastOp(ops: readonly WireOp[], found: (op: WireOp) => boolean): number {
  const index = ops.findLastIndex(found);
  if (index < 0) throw new Error('there is no such op');
  return index;
}
