// SPDX-License-Identifier: GPL-2.0-only
import { readFile } from 'node:fs/promises';
import { allowedText, resultText } from '../judge/reconcile.js';
import { UNEXPECTED } from '../judge/verdict.js';
import type { RunIdentity, Verdict } from '../judge/verdict.js';
import { describeStep } from '../program/describe.js';
import { readRun } from '../run/recorded-run.js';
import type { RecordedRun } from '../run/recorded-run.js';
import { rejudge } from '../run/rejudge.js';
import type { Rejudged, Rejudgement } from '../run/rejudge.js';
import { VERDICTS } from '../report/totals.js';
import { suitesHash } from '../run/resumable.js';
import { UNSPECIFIED } from '../spec/core/step.js';
import type { Violation } from '../spec/core/track.js';
import { loadSuites } from '../suite/load.js';
import { loadRules } from '../suite/rules.js';
import { printable } from '../trace/strace/trace-file-error.js';
import type { Profile } from '../uapi/profiles/index.js';
import { EXIT } from './exit.js';
import { FEATURES, RULES, SUITES } from './paths.js';

export interface JudgeRunOptions {
  /** The dialect to judge by; default: the one that the run was judged by. */
  profile?: Profile;
  suites?: readonly string[];
  json?: boolean;
}

/**
 * Judge a recorded run again and print what it comes to.
 * @param path directory of the run, or its journal
 * @returns the exit code
 * @throws JournalError for what cannot be read back
 */
export async function judgeRun(path: string, options: JudgeRunOptions): Promise<number> {
  const run = readRun(path);
  const suites = loadSuites(options.suites ?? [SUITES]);
  const profile = options.profile ?? run.context.profile;
  const { header, records } = run.journal;
  const rejudged = rejudge({
    suites,
    recorded: run.context,
    context: { ...run.context, profile },
    records,
    traces: run.traces,
    features: run.header.features,
  });
  const sources = suites.map(({ source }) => source);
  const sameSuites = suitesHash(sources, await readFile(FEATURES, 'utf8')) === header.suitesHash;
  const view: View = {
    run,
    rejudged,
    profile: profile.id,
    sameSuites,
    statements: new Map(loadRules(RULES).rules.map((r) => [r.id, r.statement])),
  };
  for (const note of run.notes) process.stderr.write(`${note}\n`);
  process.stdout.write(`${options.json ? JSON.stringify(asJson(view), null, 2) : rendered(view)}\n`);
  return exitOf(view);
}

interface View {
  run: RecordedRun;
  rejudged: Rejudgement;
  profile: string;
  /** Whether these suites are those of the run. */
  sameSuites: boolean;
  statements: ReadonlyMap<string, string>;
}

/** Whether a point needs to be looked at. */
const wrong = ({ now, tracked }: Rejudged): boolean => UNEXPECTED.has(now) || tracked.violation !== undefined;

/** An unfinished run is never green, and neither is one of which nothing could be judged, or results are lost. */
function exitOf({ run, rejudged: { judged, unjudged } }: View): number {
  if (judged.some(wrong) || run.journal.trailer?.crash !== undefined) return EXIT.unexpected;
  const whole = run.journal.trailer !== undefined && !unjudged.some(({ lost }) => lost);
  return judged.length > 0 && whole ? EXIT.ok : EXIT.environment;
}

function identityText({ target, arch, release, evidence }: RunIdentity): string {
  return `${target} ${arch} ${release}${evidence === 'model' ? ' (a run of the model: says nothing of a kernel)' : ''}`;
}

function rendered(view: View): string {
  const { run, rejudged, profile } = view;
  const { header, trailer } = run.journal;
  const { judged, unjudged, skipped } = rejudged;
  const shown = judged.filter((r) => wrong(r) || r.now !== r.recorded);
  const by = (which: Rejudged['by']): number => judged.filter((r) => r.by === which).length;
  const differing = judged.filter((r) => r.now !== r.recorded).length;
  const crash = trailer?.crash;
  return [
    `${identityText(header.identity)}: judged as ${profile}, recorded as ${header.identity.profile} on ${header.startedAt}`,
    ...shown.flatMap((r) => pointText(r, view)),
    ...unjudged.map(({ id, recorded, why }) => `${id}: not judged again, recorded ${recorded}: ${why}`),
    ...(view.sameSuites ? [] : ['the suites are not those of the run']),
    ...(run.header.specification ? [] : ['the recorded verdicts are those of the cases alone']),
    ...(crash === undefined ? [] : [`the kernel said after the last point: ${printable(crash)}`]),
    ...(trailer
      ? []
      : [`the run did not end: ${run.journal.records.length} of ${header.planned} points recorded`]),
    `${judged.length} points judged: ${by('case and specification')} by case and specification, ${by('specification')} by the specification alone; ${unjudged.length} not judged, ${skipped} skipped`,
    `now ${countText(judged.map((r) => r.now))}; ${differing} verdicts differ from the recorded ones`,
    ...limits(judged),
  ].join('\n');
}

function pointText({ id, by, recorded, now, reason, mismatches, tracked }: Rejudged, view: View): string[] {
  const { violation } = tracked;
  const alone = by === 'specification' ? ' by the specification alone' : '';
  return [
    `${id}: recorded ${recorded}, now ${now}${alone}`,
    // A violation says it at length.
    ...(reason !== undefined && !violation ? [`  ${printable(reason)}`] : []),
    ...mismatches.flatMap((m) => [
      `  ${m.where}: step ${m.step}: ${m.what}`,
      `    expected: ${m.expected}`,
      `    seen: ${m.seen}`,
    ]),
    ...(violation ? violationLines(violation, view) : []),
  ];
}

function violationLines(v: Violation, { profile, statements }: View): string[] {
  const ids = new Set(v.allowed.map(({ rule }) => rule));
  const rules = [...ids].flatMap((id) => {
    const statement = statements.get(id);
    return statement === undefined ? [] : [`    ${id}: ${statement}`];
  });
  return [
    `  ${v.planned.where}: step ${v.step}: ${describeStep(v.planned.step)}`,
    ...(v.stuck ? threadLines(v.stuck) : [`    seen: ${resultText(v.seen)}`]),
    `    no rule of ${profile} allows it; allowed:`,
    ...allowedText(v).map((line) => `      ${line}`),
    ...rules,
  ];
}

/** Of threads: how far an order explains them, and what each did next. */
function threadLines({ explained, next }: NonNullable<Violation['stuck']>): string[] {
  return [
    `    no order of the steps explains what they did; after ${explained.join(', ')} steps of the threads`,
    ...next.map(
      (n) => `    thread ${n.thread + 1}, ${describeStep(n.planned.step)}: seen ${resultText(n.result)}`,
    ),
  ];
}

function countText(verdicts: readonly Verdict[]): string {
  const parts = VERDICTS.flatMap((verdict) => {
    const count = verdicts.filter((v) => v === verdict).length;
    return count > 0 ? [`${count} ${verdict}`] : [];
  });
  return parts.length > 0 ? parts.join(', ') : 'nothing';
}

/** What the specification did not decide. */
function limits(judged: readonly Rejudged[]): string[] {
  const silent = judged.filter(({ tracked }) => tracked.unspecified.length > 0).length;
  const bounded = judged.filter(({ tracked }) => tracked.bounded || tracked.exhausted).length;
  return [
    ...(silent > 0 ? [`${silent} points have steps of which the specification says nothing`] : []),
    ...(bounded > 0 ? [`of ${bounded} points the search for states or orders was given up`] : []),
  ];
}

function asJson(view: View): object {
  const { run, rejudged, profile, sameSuites, statements } = view;
  const { header, trailer } = run.journal;
  return {
    identity: header.identity,
    startedAt: header.startedAt,
    profile,
    sameSuites,
    recordedBy: run.header.specification ? 'case and specification' : 'case',
    complete: trailer !== undefined,
    ...(trailer?.crash !== undefined && { crash: trailer.crash }),
    notes: run.notes,
    judged: rejudged.judged.map(({ tracked, mismatches, ...r }) => ({
      ...r,
      ...(mismatches.length > 0 && { mismatches }),
      ...(tracked.unspecified.length > 0 && { unspecified: tracked.unspecified }),
      ...(tracked.bounded && { bounded: true }),
      ...(tracked.exhausted && { exhausted: true }),
      ...(tracked.violation && { violation: violationJson(tracked.violation, statements) }),
    })),
    unjudged: rejudged.unjudged,
    skipped: rejudged.skipped,
  };
}

function violationJson(v: Violation, statements: ReadonlyMap<string, string>): object {
  return {
    step: v.step,
    where: v.planned.where,
    what: describeStep(v.planned.step),
    seen: resultText(v.seen),
    allowed: allowedText(v),
    rules: [...new Set(v.allowed.map(({ rule }) => rule))]
      .filter((rule) => rule !== UNSPECIFIED)
      .map((id) => ({ id, statement: statements.get(id) })),
    ...(v.stuck && { threads: threadLines(v.stuck).map((line) => line.trim()) }),
  };
}
