// SPDX-License-Identifier: GPL-2.0-only
import { describeExpect, describeStep } from '../program/describe.js';
import type { PlannedStep } from '../program/step.js';
import { compare } from '../spec/core/match.js';
import { outcomeText } from '../spec/core/outcome-text.js';
import { ended, forked } from '../spec/core/process.js';
import { START } from '../spec/core/state.js';
import type { State } from '../spec/core/state.js';
import { missingObject, outcomes, UNSPECIFIED } from '../spec/core/step.js';
import type { RuleBook } from '../spec/core/step.js';
import { MAX_STATES } from '../spec/core/track.js';
import { givenBy, worldOf } from '../spec/core/world.js';
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

/** Compare what a point expects with what the model allows, from the first step to the last. */
export function crossCheck(book: RuleBook, point: TestPoint, context: Context): SpecFinding[] {
  const { arch, profile, pageSize } = context;
  const world = worldOf(profile, arch, pageSize, givenBy(point.requires));
  const walk: Walk = { book, world, count: 0, findings: [] };
  follow(walk, [START], point.program.steps);
  return walk.findings;
}

interface Walk {
  book: RuleBook;
  world: World;
  count: number;
  findings: SpecFinding[];
}

function follow(walk: Walk, start: readonly State[], steps: readonly PlannedStep[]): readonly State[] {
  let states = start;
  for (const planned of steps) {
    const number = ++walk.count;
    const { step } = planned;
    if (step.verb === 'fork') {
      const parent = states[0]?.running ?? 0;
      states = follow(walk, states.map(forked), step.steps).map((s) => ended(s, parent));
    } else {
      states = one(walk, states, planned, number);
    }
    if (walk.findings.some((f) => f.kind === 'contradiction')) return states;
  }
  return states;
}

function one(walk: Walk, states: readonly State[], planned: PlannedStep, step: number): readonly State[] {
  const found = (kind: FindingKind, model: string): number =>
    walk.findings.push({
      kind,
      step,
      where: planned.where,
      what: describeStep(planned.step),
      expected: describeExpect(planned.expect),
      model,
    });
  const missing = states.map((s) => missingObject(s, planned.step)).find((name) => name !== undefined);
  if (missing !== undefined) {
    found('contradiction', `'${missing}' was not made`);
    return [];
  }
  const all = states.flatMap((state) => outcomes(walk.book, walk.world, state, planned.step));
  const compared = all.map((outcome) => ({ outcome, ...compare(planned.expect, outcome) }));
  const fitting = compared.filter((c) => c.agrees);
  if (fitting.length === 0) {
    found('contradiction', [...new Set(all.map(outcomeText))].join('; or '));
    return [];
  }
  const others = compared.filter((c) => !c.agrees);
  if (others.length > 0)
    found('strict', [...new Set(others.map((c) => outcomeText(c.outcome)))].join('; or '));
  const vague = [...new Set(fitting.flatMap((c) => c.vague))];
  if (vague.length > 0)
    found('vague', `nothing of ${vague.join(', ')} (${fitting[0]?.outcome.rule ?? UNSPECIFIED})`);
  const open = [...new Set(fitting.flatMap((c) => c.open))];
  if (open.length > 0) found('loose', [...new Set(fitting.map((c) => outcomeText(c.outcome)))].join('; or '));
  return fitting.slice(0, MAX_STATES).map((c) => c.outcome.next);
}
