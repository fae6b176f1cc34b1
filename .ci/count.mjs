// SPDX-License-Identifier: GPL-2.0-only
// Counts what the gate ran, and fails when it was too little. Everything is read from files that the tools wrote.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const fail = (why) => {
  console.error(`gate: ${why}`);
  process.exit(1);
};
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Points that passed in a run of the running kernel; its findings are printed, errors and crashes are fatal. */
function verdicts(path, minimum) {
  const { totals, unexpected, identity } = json(path);
  const { pass, error, crash } = totals.counts;
  for (const { id, verdict } of unexpected) console.error(`  ${verdict} on ${identity.release}: ${id}`);
  if (error > 0 || crash > 0) fail(`${error} errors and ${crash} crashes on ${identity.target}`);
  if (totals.executed < minimum)
    fail(`expected at least ${minimum} executed points on ${identity.target}, got ${totals.executed}`);
  return pass;
}

/** Points that passed in the complete run of an architecture below `runs`; anything unexpected is fatal. */
function journal(runs, arch, minimum) {
  const dirs = readdirSync(runs).filter((d) => d !== 'latest' && d.includes(`-${arch}-`));
  if (dirs.length !== 1) fail(`expected one run of ${arch}, got ${dirs.length}`);
  const lines = readFileSync(join(runs, dirs[0], 'journal.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l));
  const trailer = lines.at(-1);
  if (trailer.kind !== 'trailer') fail(`the run of ${arch} did not end`);
  const { pass, fail: failed, error, crash, xpass } = trailer.totals.counts;
  if (failed + error + crash + xpass > 0) fail(`${arch}: ${JSON.stringify(trailer.totals.counts)}`);
  if (trailer.totals.executed < minimum)
    fail(`expected at least ${minimum} executed points on ${arch}, got ${trailer.totals.executed}`);
  console.error(`${arch}: ${JSON.stringify(trailer.totals.counts)}`);
  return pass;
}

/** The closing line. With KVM everything is there that a test may want: then none may have been skipped. */
function total(path, points) {
  const report = json(path);
  for (const file of report.testResults) {
    for (const t of file.assertionResults) {
      if (t.status === 'pending' || t.status === 'skipped' || t.status === 'todo')
        console.log(`skipped: ${t.fullName}`);
    }
  }
  if (report.numPendingTests > 0 && existsSync('/dev/kvm'))
    fail(`${report.numPendingTests} tests were skipped`);
  const passed = report.numPassedTests + points;
  console.log(`${report.numPassedTests} tests and ${points} points on kernels`);
  console.log(`${passed} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`);
  if (!report.success || report.numFailedTests > 0) process.exit(1);
}

const [mode, first, second, third] = process.argv.slice(2);
if (mode === 'verdicts') console.log(verdicts(first, Number(second)));
else if (mode === 'journal') console.log(journal(first, second, Number(third)));
else if (mode === 'total') total(first, Number(second));
else fail(`expected verdicts, journal or total, got '${mode}'`);
