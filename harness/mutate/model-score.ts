// SPDX-License-Identifier: GPL-2.0-only
import { tells } from '../run/cross-check.js';
import type { RuleBook } from '../spec/core/step.js';
import { RULES } from '../spec/rules/index.js';
import type { TestPoint } from '../suite/expand.js';
import type { Context } from '../suite/scope.js';
import { mutants } from './operators.js';
import type { Mutant } from './operators.js';
import { Reads } from './reads.js';

/** A point in one of the contexts that it is compared in. */
export interface PlacedPoint {
  point: TestPoint;
  context: Context;
}

/** What became of a mutant. */
export interface ModelResult {
  id: string;
  /** The first point that tells it from the contract, with its context; undefined when none does. */
  killedBy?: string;
}

/** The mutants of the model, and the points that may tell each of them from it. */
export interface Field {
  mutants: readonly Mutant[];
  points: readonly PlacedPoint[];
  /**
   * Points that come to a rule, and those in which it decides, by `verb index`; a point elsewhere cannot tell its
   * mutants.
   */
  reached: ReadonlyMap<string, readonly number[]>;
  applied: ReadonlyMap<string, readonly number[]>;
  /** Points that the model itself contradicts; they take no part. */
  unfit: readonly PlacedPoint[];
}

/** Run every point on the model once, to see what its rules look at and which points come to which of them. */
export function survey(points: readonly PlacedPoint[], book: RuleBook = RULES): Field {
  const reads = new Reads();
  const watched = reads.watched(book);
  const reached = new Map<string, number[]>();
  const applied = new Map<string, number[]>();
  const unfit: PlacedPoint[] = [];
  points.forEach((placed, i) => {
    const wrong = tells(watched, placed.point, placed.context);
    const places = reads.take();
    if (wrong) {
      unfit.push(placed);
      return;
    }
    for (const place of places.reached) append(reached, place, i);
    for (const place of places.applied) append(applied, place, i);
  });
  return { mutants: mutants(book, reads), points, reached, applied, unfit };
}

function append(lists: Map<string, number[]>, key: string, value: number): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/**
 * Look for the first point that tells a mutant from the model: first among those that name the rule, then among
 * all others.
 */
export function judgeMutant(field: Field, mutant: Mutant): ModelResult {
  const { points } = field;
  const candidates = mutant.places.flatMap((i) => field[mutant.told].get(`${mutant.verb} ${i}`) ?? []);
  const named = (i: number): boolean => points[i]?.point.rules.includes(mutant.rule) ?? false;
  for (const wanted of [true, false]) {
    for (const i of new Set(candidates)) {
      const placed = points[i];
      if (!placed || named(i) !== wanted) continue;
      if (detects(mutant, placed)) return { id: mutant.id, killedBy: placeName(placed) };
    }
  }
  return { id: mutant.id };
}

/** A mutant that cannot even be evaluated is told by the point that came to it. */
function detects({ book }: Mutant, { point, context }: PlacedPoint): boolean {
  try {
    return tells(book, point, context);
  } catch (e) {
    if (e instanceof RangeError || e instanceof TypeError) return true;
    throw e;
  }
}

/** `convert/arguments/size-zero (x86_64 d8)`. */
export function placeName({ point, context }: PlacedPoint): string {
  return `${point.id} (${context.arch} d${context.profile.dialect})`;
}
