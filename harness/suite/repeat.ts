// SPDX-License-Identifier: GPL-2.0-only
import type { RawStep } from './raw.js';
import type { Scope } from './scope.js';
import type { Path } from './source.js';

/** `each: {i: "0..999"}` beside `steps`: the steps again and again, with `$i` set. */
export interface Repetition {
  each: Readonly<Record<string, string>>;
  steps: readonly RawStep[];
}

/** What `each` may range over, as in `0..998 by 2`. */
export const EACH_RANGE = /^(\d+)\.\.(\d+)(?: by (\d+))?$/;

const MAX_ROUNDS = 4096;

export function isRepetition(raw: RawStep | Repetition): raw is Repetition {
  return 'each' in raw;
}

/**
 * The scope of each round.
 * @param path of the repetition itself
 * @throws CaseError for what is no range, for too many rounds, and for repetitions more than two deep
 */
export function rounds({ each }: Repetition, path: Path, scope: Scope): Scope[] {
  const [name = '', range = ''] = Object.entries(each)[0] ?? [];
  const at = [...path, 'each', name];
  if (scope.repetitions === 2)
    throw scope.keyError([...path, 'each'], 'expected at most one repetition within another');
  if (scope.hasVariable(name))
    throw scope.keyError(at, `expected another name, '${name}' is a variable already`);
  const [, from = '0', to = '0', by = '1'] = EACH_RANGE.exec(range) ?? [];
  const [first, last, stride] = [BigInt(from), BigInt(to), BigInt(by)];
  if (stride === 0n || last < first)
    throw scope.error(at, `expected a range that goes up, as in 0..998 by 2, got '${range}'`);
  const count = (last - first) / stride + 1n;
  if (count > MAX_ROUNDS)
    throw scope.error(at, `expected at most ${MAX_ROUNDS} rounds, got ${count.toString()}`);
  const value = (i: bigint): bigint => first + i * stride;
  if (scope.context.rounds === 'ends' && count > 3n) {
    // The second stands for all between: the steps of a case are counted as if they were built.
    return [
      scope.round({ [name]: value(0n) }),
      scope.round({ [name]: value(1n) }, Number(count) - 2),
      scope.round({ [name]: value(count - 1n) }),
    ];
  }
  return Array.from({ length: Number(count) }, (_, i) => scope.round({ [name]: value(BigInt(i)) }));
}

/**
 * The scope of each time that the steps of a case run: the same one, for what one time makes is there in the next.
 * @param count times
 */
export function times(count: bigint, scope: Scope): Scope[] {
  const { rounds, times: most = Infinity } = scope.context;
  if (rounds !== 'ends' || count <= 3n)
    return Array.from({ length: Math.min(Number(count), most) }, () => scope);
  return [scope, scope.times(Number(count) - 2), scope];
}
