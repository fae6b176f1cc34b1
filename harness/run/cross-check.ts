// SPDX-License-Identifier: GPL-2.0-only
import { describeExpect, describeStep } from '../program/describe.js';
import { nestedSteps } from '../program/step.js';
import type { PlannedStep } from '../program/step.js';
import { interleave } from '../spec/core/interleave.js';
import { compare } from '../spec/core/match.js';
import type { Outcome } from '../spec/core/outcome.js';
import { outcomeText } from '../spec/core/outcome-text.js';
import { ended, forked } from '../spec/core/process.js';
import { START } from '../spec/core/state.js';
import type { State } from '../spec/core/state.js';
import { missingObject, outcomes, UNSPECIFIED } from '../spec/core/step.js';
import type { RuleBook } from '../spec/core/step.js';
import { MAX_STATES } from '../spec/core/track.js';
import { existsNowhere, givenBy, worldOf } from '../spec/core/world.js';
import type { World } from '../spec/core/world.js';
import type { TestPoint } from '../suite/expand.js';
import type { Context } from '../suite/scope.js';

/**
 * `contradiction`: no rule allows what the case expects. `strict`: the case refuses what a rule allows too.
 * `vague`: the case demands what the model leaves open. `loose`: the case leaves open what the model knows.
 */
export type FindingKind = 'contradiction' | 'strict' | 'vague' | 'loose';

/** How one step of a case and the model differ. */
export interface SpecFinding {
  kind: FindingKind;
  /** Counted from 1 through nested steps. */
  step: number;
  /** `file:line:column` */
  where: string;
  what: string;
  expected: string;
  /** What the model says, with rules. */
  model: string;
}

/** What one step of a case and the model differ in; the text is made only for who wants it. */
type Report = (kind: FindingKind, step: number, planned: PlannedStep, model: () => string) => void;

/** Compare what a point expects with what the model allows, from the first step to the first contradiction. */
export function crossCheck(book: RuleBook, point: TestPoint, context: Context): SpecFinding[] {
  const findings: SpecFinding[] = [];
  walk(book, point, context, (kind, step, planned, model) => {
    findings.push({
      kind,
      step,
      where: planned.where,
      what: describeStep(planned.step),
      expected: describeExpect(planned.expect),
      model: model(),
    });
  });
  return findings;
}

/**
 * Whether a point tells a model from the contract: the model forbids what the case expects, allows more, or says
 * nothing of it.
 */
export function tells(book: RuleBook, point: TestPoint, context: Context): boolean {
  let told = false;
  walk(book, point, context, (kind) => {
    if (kind === 'loose') return;
    told = true;
    throw STOP;
  });
  return told;
}

/** Thrown to end a walk early. */
const STOP = new Error('enough is known');

function walk(book: RuleBook, point: TestPoint, context: Context, report: Report): void {
  const { arch, profile, pageSize } = context;
  // Of a machine that cannot be the contract says nothing.
  if (existsNowhere(arch, point.requires)) return;
  const world = worldOf(profile, arch, pageSize, givenBy(point.requires));
  try {
    follow({ book, world, report, count: 0, ended: false }, [START], point.program.steps);
  } catch (e) {
    if (e !== STOP) throw e;
  }
}

interface Walk {
  readonly book: RuleBook;
  readonly world: World;
  readonly report: Report;
  count: number;
  /** A contradiction was found: nothing is known of the states after it. */
  ended: boolean;
}

function follow(cx: Walk, start: readonly State[], steps: readonly PlannedStep[]): readonly State[] {
  let states = start;
  for (const planned of steps) {
    const number = ++cx.count;
    const { step } = planned;
    if (step.verb === 'fork') {
      const parent = states[0]?.running ?? 0;
      states = follow(cx, states.map(forked), step.steps).map((s) => ended(s, parent));
    } else if (step.verb === 'parallel') {
      states = together(cx, states, planned, number);
    } else {
      states = one(cx, states, planned, number);
    }
    if (cx.ended) return states;
  }
  return states;
}

/** Every state that some order of the steps may leave, as far as the case allows what they do in it. */
function together(cx: Walk, states: readonly State[], planned: PlannedStep, step: number): readonly State[] {
  const plans = nestedSteps(planned.step);
  cx.count += plans.reduce((sum, steps) => sum + steps.length, 0);
  const threads = plans.map((steps) => steps.map((s) => ({ planned: s, result: {} })));
  const found = interleave(cx.book, cx.world, states, threads, (o, s) => compare(s.planned.expect, o).agrees);
  if (found.states.length > 0) return found.states;
  const why = found.exhausted ? 'too many orders to search' : 'no order of the steps does what is expected';
  cx.ended = true;
  cx.report('contradiction', step, planned, () => why);
  return [];
}

function one(cx: Walk, states: readonly State[], planned: PlannedStep, step: number): readonly State[] {
  const contradiction = (model: () => string): readonly State[] => {
    cx.ended = true;
    cx.report('contradiction', step, planned, model);
    return [];
  };
  const missing = states.map((s) => missingObject(s, planned.step)).find((name) => name !== undefined);
  if (missing !== undefined) return contradiction(() => `'${missing}' was not made`);
  const all = states.flatMap((state) => outcomes(cx.book, cx.world, state, planned.step));
  const compared = all.map((outcome) => ({ outcome, ...compare(planned.expect, outcome) }));
  const texts = (list: readonly { outcome: Outcome }[]) => (): string =>
    [...new Set(list.map((c) => outcomeText(c.outcome)))].join('; or ');
  const fitting = compared.filter((c) => c.agrees);
  if (fitting.length === 0) return contradiction(texts(compared));
  const others = compared.filter((c) => !c.agrees);
  if (others.length > 0) cx.report('strict', step, planned, texts(others));
  const vague = new Set(fitting.flatMap((c) => c.vague));
  if (vague.size > 0) {
    const rule = fitting[0]?.outcome.rule ?? UNSPECIFIED;
    cx.report('vague', step, planned, () => `nothing of ${[...vague].join(', ')} (${rule})`);
  }
  if (fitting.some((c) => c.open.length > 0)) cx.report('loose', step, planned, texts(fitting));
  return fitting.slice(0, MAX_STATES).map((c) => c.outcome.next);
}
