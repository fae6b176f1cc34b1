// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, RunIdentity, Verdict } from '../judge/verdict.js';
import { directiveText, driftText, isNotOk } from './diagnostics.js';
import { oneLine } from './text.js';
import { type Exit, type Totals, VERDICTS } from './totals.js';

export interface SummaryInput {
  identity: RunIdentity;
  records: readonly CaseRecord[];
  total: Totals;
  exit: Exit;
  /** Wall time of the run in milliseconds. */
  wallMs: number;
  /** Where journal and reports are. */
  runDir?: string;
  /** See {@link wantsColor}. */
  color: boolean;
}

/** Failing cases listed; the others are counted. */
const FAILING_SHOWN = 20;
const SLOWEST_SHOWN = 3;
/** Cases faster than this (milliseconds) are never called slow. */
const SLOW_MS = 100;

type Paint = (style: keyof typeof STYLES, text: string) => string;
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/**
 * Whether to colour what goes to a stream: on a terminal, unless NO_COLOR is set to anything (no-color.org)
 * or the terminal is dumb.
 */
export function wantsColor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** What a person wants to know after a run, for stderr: one text with a final newline. */
export function renderSummary(input: SummaryInput): string {
  const { identity, records, total, exit, wallMs, runDir } = input;
  const paint: Paint = (style, text) => (input.color ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
  const { target, arch, release, profile, evidence } = identity;
  const lines = [
    `${paint('bold', target)} ${arch}, kernel ${release}, profile ${profile}`,
    `${total.recorded} cases in ${duration(wallMs)}: ${countsLine(total, paint)}`,
    ...skipLines(records, paint),
    ...slowLines(records, paint),
    ...failingLines(records, paint),
    ...driftLines(records, paint),
  ];
  if (evidence === 'model')
    lines.push(paint('yellow', 'Run on the model: this says nothing about any kernel.'));
  if (runDir !== undefined) lines.push(`Journal and reports: ${runDir}`);
  lines.push(
    exit.message === undefined ? paint('green', 'Everything as expected.') : paint('red', exit.message),
  );
  return lines.map((line) => `${line}\n`).join('');
}

const VERDICT_STYLES: Readonly<Record<Verdict, keyof typeof STYLES>> = {
  pass: 'green',
  fail: 'red',
  crash: 'red',
  error: 'red',
  xpass: 'red',
  xfail: 'yellow',
  skip: 'yellow',
};

function countsLine({ counts }: Totals, paint: Paint): string {
  const named = VERDICTS.filter((verdict) => counts[verdict] > 0);
  if (named.length === 0) return 'nothing ran';
  return named.map((verdict) => paint(VERDICT_STYLES[verdict], `${counts[verdict]} ${verdict}`)).join(', ');
}

function skipLines(records: readonly CaseRecord[], paint: Paint): string[] {
  const reasons = new Map<string, number>();
  for (const record of records) {
    if (record.verdict !== 'skip') continue;
    const reason = directiveText(record) || 'no reason given';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const sorted = [...reasons].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([reason, count]) => paint('dim', `  skipped ${count}: ${reason}`));
}

function slowLines(records: readonly CaseRecord[], paint: Paint): string[] {
  return records
    .filter(({ durationMs }) => durationMs >= SLOW_MS)
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST_SHOWN)
    .map(({ id, durationMs }) => paint('dim', `  slow ${duration(durationMs)}: ${id}`));
}

function failingLines(records: readonly CaseRecord[], paint: Paint): string[] {
  const failing = records.filter(({ verdict }) => isNotOk(verdict));
  const shown = failing.slice(0, FAILING_SHOWN).flatMap((record) => {
    const why = record.crash?.title ?? firstMismatch(record) ?? record.reason;
    return [
      `${paint('red', record.verdict.padEnd(5))} ${record.id}`,
      ...(why === undefined ? [] : [`      ${oneLine(why)}`]),
      ...(record.drift ? [`      ${driftText(record.drift)}`] : []),
      `      ${paint('dim', oneLine(record.replay))}`,
    ];
  });
  const rest = failing.length - FAILING_SHOWN;
  return rest > 0 ? [...shown, `and ${rest} more that are not ok`] : shown;
}

/** How many failures each other profile expects, the most first. */
function driftLines(records: readonly CaseRecord[], paint: Paint): string[] {
  const failures = records.filter((r) => r.verdict === 'fail').length;
  const counts = new Map<string, number>();
  for (const id of records.flatMap((r) => r.drift ?? [])) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([id, n]) => paint('yellow', `${n} of ${failures} failures are what ${id} expects`));
}

function firstMismatch({ mismatches: [first] }: CaseRecord): string | undefined {
  return first && `step ${first.step}: expected ${first.expected}, seen ${first.seen}`;
}

/** @param ms milliseconds. */
function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}
