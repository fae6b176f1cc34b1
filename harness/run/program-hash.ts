// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { lower } from '../lower/lower.js';
import type { Program } from '../program/step.js';
import type { Context } from '../suite/scope.js';

/** 64 bits tell the few programs that a point ever had apart. */
const DIGITS = 16;

/**
 * What a program does, whatever is expected of it: a hash over its calls, as they are without time limits and
 * shifts of threads. Recorded results may be judged by another version of a point where this is the same.
 * @returns hexadecimal
 */
export function programHash(program: Program, { arch, profile, pageSize }: Context): string {
  const { wire } = lower(program, { arch, profile, pageSize, timeoutMs: 0 });
  const ops = JSON.stringify(wire.ops, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return createHash('sha256').update(ops).update('\0').update(wire.blob).digest('hex').slice(0, DIGITS);
}
