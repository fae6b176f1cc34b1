// SPDX-License-Identifier: GPL-2.0-only
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { execute } from '../core/execute.js';
import { worldOf } from '../core/world.js';
import type { World } from '../core/world.js';
import { RULES } from './index.js';

export const PAGE = 4096n;

/** The world of mainline Linux, or of another dialect. */
export function worldIn(dialect = 'd0', arch: World['arch'] = 'x86_64'): World {
  const profile = findProfile(dialect);
  if (!profile) throw new Error(`no ${dialect}`);
  return worldOf(profile, arch, Number(PAGE));
}

/** A VM and a file of four pages, mapped as `m`, with something in pages 1 and 3. */
export function mapped(flags = 3n): PlannedStep[] {
  return [
    ...made(flags),
    step('mmap', { of: 'gmem', length: 4n * PAGE }),
    ...(flags === 3n ? [store(1n, 0x1111n), store(3n, 0x3333n)] : []),
  ];
}

/** A VM and a file of four pages. */
export const made = (flags = 3n): PlannedStep[] => [
  step('create_vm', {}),
  step('create_gmem', { size: 4n * PAGE, flags }),
];

export const store = (page: bigint, value: bigint): PlannedStep =>
  step('store', { offset: page * PAGE, value });
export const load = (page: bigint, map = 'm'): PlannedStep => step('load', { map, offset: page * PAGE });
export const mapOp = (op: Args<'map_op'>['op'], page: bigint, pages: bigint, arg = 0n): PlannedStep =>
  step('map_op', { op, offset: page * PAGE, length: pages * PAGE, arg });

/** What one step came to: errno or signal, and `value` where it is told. */
function answer({ state, errno, fault, fields: { value } }: StepResult): string {
  if (state !== 'done') return state;
  return fault?.signal ?? errno + (value === undefined ? '' : ` 0x${value.toString(16)}`);
}

/** What the steps behind the first `skip` come to, and those of forked children behind their fork. */
export function answers(steps: readonly PlannedStep[], skip: number, world = worldIn()): string[] {
  return execute(RULES, world, steps)
    .steps.slice(skip)
    .flatMap((result) => [result, ...result.children])
    .map(answer);
}

/** The answer to the last step. */
export const last = (steps: readonly PlannedStep[], world = worldIn()): string | undefined =>
  answers(steps, steps.length - 1, world)[0];
