// SPDX-License-Identifier: GPL-2.0-only
import { isDeepStrictEqual } from 'node:util';
import { nestedSteps } from '../program/step.js';
import type { PlannedStep } from '../program/step.js';
import { tells } from '../run/cross-check.js';
import type { Rule, View } from '../spec/core/rule.js';
import type { State } from '../spec/core/state.js';
import type { RuleBook } from '../spec/core/step.js';
import { RULES } from '../spec/rules/index.js';
import type { TestPoint } from '../suite/expand.js';
import type { Context } from '../suite/scope.js';
import { mutants, rulesOf } from './operators.js';
import type { Mutant } from './operators.js';
import { Reads } from './reads.js';
import type { Met } from './reads.js';

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
   * Points in which a rule decides, by `verb index`: no other can tell that it is gone, or decides otherwise.
   */
  applied: ReadonlyMap<string, readonly number[]>;
  /** What rules were asked, by `verb index`: a changed condition that answers all of it alike cannot be told. */
  asked: ReadonlyMap<string, Asked>;
  /** The model as it is. */
  book: RuleBook;
  /** Points that the model itself contradicts; they take no part. */
  unfit: readonly PlacedPoint[];
}

/** Questions to rules that are kept of one point. */
const MUCH = 20_000;

/**
 * Run every point on the model once, to see what its rules look at and which points come to which of them.
 * @param assumed rules that no case has to hold
 */
export function survey(
  points: readonly PlacedPoint[],
  assumed: ReadonlySet<string>,
  book: RuleBook = RULES,
): Field {
  const reads = new Reads();
  const watched = reads.watched(book);
  const applied = new Map<string, number[]>();
  const asked = new Map<string, Asked>();
  const unfit: PlacedPoint[] = [];
  points.forEach((placed, i) => {
    const met: Met[] = [];
    reads.keep(met);
    const wrong = tells(watched, placed.point, placed.context);
    const places = reads.take();
    if (wrong) {
      unfit.push(placed);
      return;
    }
    for (const place of places.applied) append(applied, place, i);
    // Of all orders of threads there is too much to keep.
    const much = met.length > MUCH;
    if (much) for (const place of places.reached) askedOf(asked, place).always.push(i);
    for (const { verb, index, view } of much ? [] : met)
      askedOf(asked, `${verb} ${index}`).views.push({ point: i, view });
  });
  return { book, mutants: mutants(book, reads, assumed), points, applied, asked, unfit };
}

/** What one rule was asked, in which points; of points with threads only that it was. */
interface Asked {
  readonly views: { readonly point: number; readonly view: View }[];
  readonly always: number[];
}

function askedOf(all: Map<string, Asked>, place: string): Asked {
  const known = all.get(place) ?? { views: [], always: [] };
  all.set(place, known);
  return known;
}

/** Points in which a mutant does anything else than the model, or may do so. */
function infected(field: Field, mutant: Mutant): number[] {
  return mutant.places.flatMap((index) => {
    const asked = field.asked.get(`${mutant.verb} ${index}`);
    const original = rulesOf(field.book, mutant.verb)[index];
    const changed = rulesOf(mutant.book, mutant.verb)[index];
    if (!asked || !original || !changed) return [];
    const differs = mutant.effect
      ? (view: View): boolean =>
          original.when(view) && !isDeepStrictEqual(left(changed, view), left(original, view))
      : (view: View): boolean => answer(changed, view) !== original.when(view);
    return [...asked.views.filter(({ view }) => differs(view)).map(({ point }) => point), ...asked.always];
  });
}

/** What a condition says; one that cannot be evaluated says something else than any that can. */
function answer(rule: Rule, view: View): boolean | undefined {
  try {
    return rule.when(view);
  } catch {
    return undefined;
  }
}

/** The state that a rule leaves; one that cannot be evaluated leaves none. */
function left(rule: Rule, view: View): State | undefined {
  try {
    return rule.effects.reduce((state, e) => e.apply({ ...view, state }), view.state);
  } catch {
    return undefined;
  }
}

/** Points in which a rule decides and whose expectations name a field. */
function naming({ applied, points }: Field, { verb, places }: Mutant, field: string): number[] {
  return places
    .flatMap((i) => applied.get(`${verb} ${i}`) ?? [])
    .filter((i) => points[i]?.point.program.steps.some((s) => names(s, field)));
}

function names({ step, expect }: PlannedStep, field: string): boolean {
  const own = [expect, ...(expect.oneOf ?? [])].some((e) => field in e.fields);
  return (
    own ||
    field === 'exit' ||
    nestedSteps(step)
      .flat()
      .some((s) => names(s, field))
  );
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
  const candidates =
    mutant.field !== undefined
      ? naming(field, mutant, mutant.field)
      : mutant.told === 'reached' || mutant.effect
        ? infected(field, mutant)
        : mutant.places.flatMap((i) => field.applied.get(`${mutant.verb} ${i}`) ?? []);
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
