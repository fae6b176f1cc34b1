// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord, RunIdentity, Verdict } from '../judge/verdict.js';
import { type Diagnostic, diagnose, directiveText, isNotOk } from './diagnostics.js';
import { headerLines } from './header.js';
import { ReportOrder } from './order.js';
import { consoleLine } from './text.js';
import { type Totals, totals } from './totals.js';

const INDENT = '  ';

interface Suite {
  name: string;
  /** The records and the names under which they are printed. */
  points: { record: CaseRecord; name: string }[];
}

/**
 * A whole KTAP report (Documentation/dev-tools/ktap.rst) in two levels, suites and cases, as one text: the
 * plan comes first in KTAP, so it is written when the run is over. Cases are named by their whole id, unique
 * in the file and never equal to a suite's name, which tools/testing/kunit/kunit_parser.py would take for
 * the suite's result. xfail is `ok # XFAIL`, error `not ok # ERROR`, a hang `not ok # TIMEOUT`, as ktap.rst
 * has them. Deterministic like the TAP report.
 * @param records grouped by suite.
 * @param abandoned why the run stopped early; printed as a last `not ok … # ERROR` on the level of suites,
 * because kunit_parser.py ignores `Bail out!`, and as that, because kselftest prints it. A report without any
 * record ends so by itself.
 * @throws Error when records are not grouped by suite or an id comes twice.
 */
export function renderKtap(
  identity: RunIdentity,
  records: readonly CaseRecord[],
  abandoned?: string,
): string {
  const suites = group(records);
  const bail = abandoned ?? (records.length === 0 ? 'no case was executed' : undefined);
  const lines = [
    'KTAP version 1',
    ...headerLines(identity).map(comment),
    `1..${suites.length + (bail === undefined ? 0 : 1)}`,
    ...suites.flatMap((suite, index) => suiteLines(suite, index + 1)),
    ...(bail === undefined ? [] : abandonedLines(bail, suites)),
    totalsLine(totals(records)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function group(records: readonly CaseRecord[]): Suite[] {
  const order = new ReportOrder();
  const suites: Suite[] = [];
  for (const record of records) {
    const place = order.place(record);
    if (place.opensSuite) suites.push({ name: place.suite, points: [] });
    suites.at(-1)?.points.push({ record, name: place.id });
  }
  return suites;
}

function suiteLines({ name, points }: Suite, number: number): string[] {
  const total = totals(points.map(({ record }) => record));
  const notOk = points.some(({ record }) => isNotOk(record.verdict));
  const skipped = total.counts.skip === points.length;
  return [
    ...['KTAP version 1', comment(`Subtest: ${name}`), `1..${points.length}`].map((line) => INDENT + line),
    ...points.flatMap((point, index) =>
      pointLines(point.record, point.name, index + 1).map((line) => INDENT + line),
    ),
    totalsLine(total),
    `${notOk ? 'not ok' : 'ok'} ${number} ${name}${skipped ? ' # SKIP every case was skipped' : ''}`,
  ];
}

/** No suite has the name of this point: readers take a second one of a name for the first again. */
function abandonedLines(reason: string, suites: readonly Suite[]): string[] {
  const names = new Set(suites.map(({ name }) => name));
  let name = 'gmemcheck';
  while (names.has(name)) name += '-run';
  return [
    `not ok ${suites.length + 1} ${name} # ${directiveLine('ERROR', reason)}`,
    `Bail out! ${tame(reason)}`,
  ];
}

function pointLines(record: CaseRecord, name: string, number: number): string[] {
  const result = isNotOk(record.verdict) ? 'not ok' : 'ok';
  const directive = directiveOf(record);
  const line = `${result} ${number} ${name}${directive === '' ? '' : ` # ${directive}`}`;
  // ktap.rst: diagnostic lines regarding a test are directly before its result line.
  return isNotOk(record.verdict) ? [...diagnosticLines(name, diagnose(record)), line] : [line];
}

const DIRECTIVES: Readonly<Record<Verdict, string>> = {
  pass: '',
  fail: '',
  skip: 'SKIP',
  xfail: 'XFAIL',
  error: 'ERROR',
  // Neither is a directive of ktap.rst; readers fall back to `not ok` and show the text.
  xpass: 'XPASS',
  crash: 'CRASH',
};

function directiveOf(record: CaseRecord): string {
  const { verdict, crash } = record;
  const keyword = verdict === 'crash' && crash?.kind === 'hang' ? 'TIMEOUT' : DIRECTIVES[verdict];
  const text = crash ? diagnose(record).crash?.title : directiveText(record);
  if (keyword === '') return '';
  return directiveLine(keyword, text ?? '');
}

/** An unescaped ` # SKIP` in the text would make kunit_parser.py see a skip. */
function directiveLine(keyword: string, text: string): string {
  return `${keyword} ${tame(text).replaceAll('#', '\\#')}`.trimEnd();
}

function diagnosticLines(name: string, diagnostic: Diagnostic): string[] {
  const {
    verdict,
    about,
    rules,
    note,
    drift,
    reason,
    mismatches = [],
    crash,
    calls = [],
    replay,
  } = diagnostic;
  const lines = [`${name}: ${verdict}`, `  about: ${about}`];
  if (rules !== undefined) lines.push(`  rules: ${rules}`);
  if (note !== undefined) lines.push(`  note: ${note}`);
  if (drift !== undefined) lines.push(`  drift: ${drift}`);
  if (reason !== undefined) lines.push(`  reason: ${reason}`);
  for (const mismatch of mismatches) {
    lines.push(`  step ${mismatch.step} at ${mismatch.where}: ${mismatch.what}`);
    lines.push(...mismatch.calls.map((call) => `    call: ${call}`));
    lines.push(`    expected: ${mismatch.expected}`, `    seen: ${mismatch.seen}`);
    lines.push(...(mismatch.allowed ?? []).map((outcome) => `    allowed: ${outcome}`));
  }
  if (crash) {
    lines.push(`  ${crash.kind}: ${crash.title}`, ...crash.console.map((line) => `    console: ${line}`));
  }
  lines.push(...calls.map((call) => `  program: ${call}`), `  replay: ${replay}`);
  return lines.map(comment);
}

/** kselftest's own closing line (tools/testing/selftests/kselftest/ktap_helpers.sh); a crash is a failure. */
function totalsLine({ counts }: Totals): string {
  const { pass, fail, crash, xfail, xpass, skip, error } = counts;
  return comment(
    `Totals: pass:${pass} fail:${fail + crash} xfail:${xfail} xpass:${xpass} skip:${skip} error:${error}`,
  );
}

function comment(text: string): string {
  return `# ${tame(text)}`;
}

/**
 * Text that no KTAP reader takes for structure. kunit_parser.py stops reading at these console messages
 * wherever they stand in a line (KTAP_END): two spaces instead of one hide them from it, not from people.
 */
function tame(text: string): string {
  return consoleLine(text)
    .replace(/(List of all) (partitions:)/g, '$1  $2')
    .replace(/(Kernel panic - not syncing:) (VFS:)/g, '$1  $2')
    .replace(/(reboot: System) (halted)/g, '$1  $2');
}
