// SPDX-License-Identifier: GPL-2.0-only
/** Judging again what a run recorded, by these suites, this specification and any dialect. */
import { judge } from '../judge/judge.js';
import { violationText } from '../judge/reconcile.js';
import type { CaseRecord, Mismatch, Verdict } from '../judge/verdict.js';
import type { PlannedStep, Program, Step } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import type { Tracked } from '../spec/core/track.js';
import { OF_DIALECT } from '../spec/core/world.js';
import { expandSuite } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import type { Context } from '../suite/scope.js';
import { conclude } from './conclude.js';
import { programHash } from './program-hash.js';
import { specificationOf } from './specification.js';
import type { RecordedTrace, TracesHeader } from './trace-log.js';

export interface RejudgeRequest {
  suites: readonly LoadedSuite[];
  /** What the run ran on. */
  recorded: Context;
  /** What it is judged as: differs in the profile at most. */
  context: Context;
  records: readonly CaseRecord[];
  traces: ReadonlyMap<string, RecordedTrace>;
  features: TracesHeader['features'];
}

/** A point that was judged again. */
export interface Rejudged {
  id: string;
  /** Whether there is a case for this profile, or only the specification has a say. */
  by: 'case and specification' | 'specification';
  recorded: Verdict;
  now: Verdict;
  reason?: string;
  mismatches: readonly Mismatch[];
  /** What the specification makes of it, with the first step that no rule allows. */
  tracked: Tracked;
}

/** A point that ran and was not judged again. */
export interface Unjudged {
  id: string;
  recorded: Verdict;
  why: string;
  /** What it did is not there to be judged: the record has a gap. */
  lost?: true;
}

/** What was judged again, and what was not. */
export interface Rejudgement {
  judged: Rejudged[];
  /** Of points that ran: the recorded verdict stays the only one. */
  unjudged: Unjudged[];
  /** Points that did not run then either. */
  skipped: number;
}

/**
 * Judge every recorded point again, in the order of the journal. A point is found by its id; its results are
 * judged where its program still makes the same calls, so that what was seen is what would have been seen.
 * @throws CaseError for suites that cannot be expanded
 */
export function rejudge(request: RejudgeRequest): Rejudgement {
  const { context, recorded: then } = request;
  const ran = new Set(request.records.map(({ suite }) => suite));
  const suites = request.suites.filter(({ raw }) => ran.has(raw.suite));
  const specification = specificationOf(context, featuresFor(request));
  const points = byId(suites, context);
  const earlier = context.profile === then.profile ? points : byId(suites, then);
  const result: Rejudgement = { judged: [], unjudged: [], skipped: 0 };
  for (const { id, verdict: recorded } of request.records) {
    const entry = request.traces.get(id);
    if (!entry) {
      if (recorded === 'skip') result.skipped++;
      else result.unjudged.push({ id, recorded, why: 'no results were recorded', lost: true });
      continue;
    }
    const { trace } = entry;
    const same = (p: TestPoint | undefined): p is TestPoint =>
      p !== undefined && !p.skip && programHash(p.program, context) === entry.program;
    const [point, old] = [points.get(id), earlier.get(id)];
    if (same(point)) {
      const tracked = specification(point.program, trace);
      const { judgement, outcome } = conclude(point, trace, tracked);
      const { mismatches } = judgement;
      result.judged.push({
        id,
        by: 'case and specification',
        recorded,
        now: outcome.verdict,
        ...reason(outcome),
        mismatches,
        tracked,
      });
    } else if (same(old)) {
      const tracked = specification(old.program, trace);
      result.judged.push({
        id,
        by: 'specification',
        recorded,
        ...alone(old.program, trace, tracked),
        tracked,
      });
    } else {
      result.unjudged.push({ id, recorded, why: whyNot(entry, old, then) });
    }
  }
  return result;
}

/** Features that follow from the dialect say nothing of a kernel of another. */
function featuresFor({ features, context, recorded }: RejudgeRequest): Map<string, boolean> {
  const same = context.profile === recorded.profile;
  return new Map(Object.entries(features).filter(([id]) => same || !OF_DIALECT.has(id.replace(/^no-/, ''))));
}

const byId = (suites: readonly LoadedSuite[], context: Context): Map<string, TestPoint> =>
  new Map(suites.flatMap((suite) => expandSuite(suite, context)).map((point) => [point.id, point]));

/** The verdict where no case speaks: what the specification and the end of the program say. */
function alone(
  program: Program,
  trace: Trace,
  { violation }: Tracked,
): Pick<Rejudged, 'now' | 'reason' | 'mismatches'> {
  const own = judge({ ...program, steps: program.steps.map(anything) }, trace);
  // Nothing is known of what came after trouble of our own, but a violation was before it.
  if (violation && own.verdict !== 'crash')
    return { now: 'fail', reason: violationText(violation), mismatches: [] };
  return { now: own.verdict, ...reason(own), mismatches: [] };
}

const reason = ({ reason: text }: { reason?: string }): { reason?: string } =>
  text === undefined ? {} : { reason: text };

/** A step of which nothing is expected, nor of those within. */
function anything({ step, where }: PlannedStep): PlannedStep {
  return { step: within(step), where, expect: { fields: {}, any: true } };
}

function within(step: Step): Step {
  if (step.verb === 'fork') return { ...step, steps: step.steps.map(anything) };
  if (step.verb === 'parallel') return { ...step, threads: step.threads.map((t) => t.map(anything)) };
  return step;
}

/** @param old the point as it is now for the profile that it ran with */
function whyNot(entry: RecordedTrace, old: TestPoint | undefined, then: Context): string {
  if (!old) return 'these suites have no such point';
  if (old.skip) return `it does not apply to ${then.profile.id} any more: ${old.skip.reason}`;
  return programHash(old.program, then) === entry.program
    ? 'a program for this profile makes other calls'
    : 'its program makes other calls now';
}
