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
  /** Points that come to a rule, by `verb index`; a point elsewhere cannot tell its mutants. */
  reach: ReadonlyMap<string, readonly number[]>;
  /** Points that the model itself contradicts; they take no part. */
  unfit: readonly PlacedPoint[];
}

/** Run every point on the model once, to see what its rules look at and which points come to which of them. */
export function survey(points: readonly PlacedPoint[], book: RuleBook = RULES): Field {
  const reads = new Reads();
  const watched = reads.watched(book);
  const reach = new Map<string, number[]>();
  const unfit: PlacedPoint[] = [];
  points.forEach((placed, i) => {
    const wrong = tells(watched, placed.point, placed.context);
    const places = reads.take();
    if (wrong) {
      unfit.push(placed);
      return;
    }
    for (const place of places) {
      const list = reach.get(place) ?? [];
      list.push(i);
      reach.set(place, list);
    }
  });
  return { mutants: mutants(book, reads), points, reach, unfit };
}

/** Look for the first point that tells a mutant from the model. */
export function judgeMutant({ points, reach }: Field, mutant: Mutant): ModelResult {
  for (const i of reach.get(`${mutant.verb} ${mutant.index}`) ?? []) {
    const placed = points[i];
    if (placed && detects(mutant, placed)) return { id: mutant.id, killedBy: placeName(placed) };
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
