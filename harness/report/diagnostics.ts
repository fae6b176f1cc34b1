// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, Verdict } from '../judge/verdict.js';
import { AddressNames, oneLine, stableConsoleLine } from './text.js';

/** What a report says of one failing step; keys in the order in which they are printed. */
export interface StepDiagnostic {
  step: number;
  where: string;
  what: string;
  calls: string[];
  expected: string;
  seen: string;
  /** What the specification allows, with rules. */
  allowed?: string[];
}

/** What a report says of a case that did not end as expected. Strings are single lines. */
export interface Diagnostic {
  verdict: Verdict;
  about: string;
  /** Rules that the kernel was held to, by id: `gmemcheck rules ID` says more. */
  rules?: string;
  note?: string;
  /** Which profiles expect what was seen, in one line. */
  drift?: string;
  reason?: string;
  mismatches?: StepDiagnostic[];
  crash?: { kind: string; title: string; console: string[] };
  /** Which round of parallel threads it was, and what shifted them in it. */
  round?: string;
  calls?: string[];
  replay: string;
}

/** Lines of a list beyond this stay in the journal (calls) or in console.log (excerpts). */
export const LIST_LIMIT = 120;

/** Said of an `error`, so that nobody takes it for a finding. */
export const ERROR_NOTE = 'gmemcheck could not find out; this says nothing about the kernel';

/** Verdicts that a report prints as `not ok`. */
export function isNotOk(verdict: Verdict): boolean {
  return verdict === 'fail' || verdict === 'xpass' || verdict === 'error' || verdict === 'crash';
}

/**
 * The diagnostics of a case, the same in every run that ends the same way: durations are left out,
 * addresses named, console time stamps dropped.
 */
export function diagnose(record: CaseRecord): Diagnostic {
  const addresses = new AddressNames();
  const calls = record.calls.map((call) => addresses.name(call));
  const mismatches = record.mismatches.map((mismatch) => ({
    step: mismatch.step,
    where: oneLine(mismatch.where),
    what: oneLine(mismatch.what),
    calls: limited(mismatch.calls.map((call) => addresses.name(call))),
    expected: addresses.name(mismatch.expected),
    seen: addresses.name(mismatch.seen),
    ...(mismatch.allowed && { allowed: limited(mismatch.allowed.map(oneLine)) }),
  }));
  const { crash } = record;
  return {
    verdict: record.verdict,
    about: oneLine(record.about),
    ...(record.rules && { rules: oneLine(record.rules.join(', ')) }),
    ...(record.verdict === 'error' && { note: ERROR_NOTE }),
    ...(record.drift && { drift: driftText(record.drift) }),
    // The reason of a crash is its title.
    ...(record.reason !== undefined && !crash && { reason: addresses.name(record.reason) }),
    ...(mismatches.length > 0 && { mismatches }),
    ...(crash && {
      crash: {
        kind: crash.kind,
        title: stableConsoleLine(crash.title).trim(),
        console: limited(crash.excerpt.map(stableConsoleLine)),
      },
    }),
    ...(record.rounds !== undefined && {
      round: `${record.rounds}, seed ${record.seed ?? 0}`,
    }),
    ...(calls.length > 0 && { calls: limited(calls) }),
    replay: oneLine(record.replay),
  };
}

/** Which profiles expect what was seen: a kernel of another dialect is told by this. */
export function driftText(profiles: readonly string[]): string {
  return `what was seen is what ${oneLine(profiles.join(', '))} expect${profiles.length === 1 ? 's' : ''}`;
}

/** Why a case was skipped or is expected to fail: the machine-readable code first, one line. */
export function directiveText(record: CaseRecord): string {
  return oneLine([record.code, record.reason].filter((part) => part !== undefined).join(' '));
}

function limited(lines: string[]): string[] {
  if (lines.length <= LIST_LIMIT) return lines;
  return [...lines.slice(0, LIST_LIMIT), `and ${lines.length - LIST_LIMIT} more lines`];
}
