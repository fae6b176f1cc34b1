// SPDX-License-Identifier: GPL-2.0-only
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { describeStep, faultText, number } from '../program/describe.js';
import { outcomeText } from '../spec/core/outcome-text.js';
import { UNSPECIFIED } from '../spec/core/step.js';
import { givenBy, worldOf } from '../spec/core/world.js';
import { RULES as SPECIFICATION } from '../spec/rules/index.js';
import { loadRules } from '../suite/rules.js';
import { follow } from '../trace/judge/follow.js';
import type { Followed, TraceViolation } from '../trace/judge/follow.js';
import type { Possible } from '../trace/judge/partial.js';
import { noTotals, readStrace } from '../trace/strace/read-strace.js';
import type { ReadTotals } from '../trace/strace/observed.js';
import { printable, TraceFileError } from '../trace/strace/trace-file-error.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { findProfile, PROFILES } from '../uapi/profiles/index.js';
import { EXIT, UsageError } from './exit.js';
import { judgeRun } from './judge-run.js';
import { machineArch } from './machine-arch.js';
import { positive, repeated } from './options.js';
import { RULES } from './paths.js';

interface JudgeOptions {
  profile?: string;
  suites?: string[];
  arch?: Arch;
  pageSize?: number;
  feature?: string[];
  json?: boolean;
}

export function judgeCommand(): Command {
  return new Command('judge')
    .description(
      'Check a recorded trace, a log of strace -f or a run, against the specification of a dialect, up to the first step that no rule allows.',
    )
    .argument('<file>', 'the log; or the directory of a run, or its journal.ndjson')
    .option(
      '--profile <id>',
      `the dialect that the kernel spoke (default: d0, of a run its own): ${PROFILES.map((p) => p.id).join(', ')}`,
    )
    .addOption(
      new Option('--arch <arch>', "architecture of the recording (default: this machine's)").choices(ARCHES),
    )
    .option('--page-size <bytes>', 'page size of the recording (default: 4096)', positive)
    .option('--feature <id>', 'a feature that the kernel had, or with no- had not; repeatable', repeated)
    .option('--suites <path>', 'of a run: suites instead of the shipped ones; repeatable', repeated)
    .option('--json', 'as JSON')
    .action(async (file: string, options: JudgeOptions) => {
      process.exitCode = await judge(file, options);
    });
}

async function judge(file: string, options: JudgeOptions): Promise<number> {
  const { profile: id = 'd0', json, suites } = options;
  const profile = findProfile(id);
  if (!profile) {
    const known = PROFILES.map((p) => p.id).join(', ');
    throw new UsageError(`expected --profile to be one of ${known}, got '${id}'`);
  }
  if (isRun(file)) {
    if (options.arch !== undefined || options.feature !== undefined || options.pageSize !== undefined)
      throw new UsageError('--arch, --page-size and --feature are for logs: a run has recorded its own');
    return judgeRun(file, {
      ...(options.profile !== undefined && { profile }),
      ...(suites && { suites }),
      ...(json && { json }),
    });
  }
  if (suites) throw new UsageError('--suites is for runs: a log of strace has no cases');
  const world = worldOf(
    profile,
    options.arch ?? machineArch(),
    options.pageSize ?? 4096,
    givenBy(options.feature ?? []),
  );
  const totals = noTotals();
  const followed = await follow(SPECIFICATION, world, readStrace(file, totals));
  if (totals.steps === 0)
    throw new TraceFileError(
      file,
      0,
      'expected calls on /dev/kvm or what it makes, got none: nothing was judged',
    );
  const statements = new Map(loadRules(RULES).rules.map((r) => [r.id, r.statement]));
  const text = options.json
    ? JSON.stringify(asJson(followed, totals, profile.id, statements), null, 2)
    : rendered(followed, totals, profile.id, statements);
  process.stdout.write(`${text}\n`);
  if (followed.violation) return EXIT.unexpected;
  return followed.exact + followed.partly > 0 ? EXIT.ok : EXIT.environment;
}

/** Whether this is what a run left: its directory, its journal, or a file that begins as one. */
function isRun(path: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true;
    const fd = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(64);
      const start = bytes.toString('utf8', 0, readSync(fd, bytes));
      return basename(path) === 'journal.ndjson' || /^\s*\{\s*"seq"/.test(start);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TraceFileError(path, 0, `expected a readable file, got: ${reason}`);
  }
}

/** Outcomes in words, each once. */
function allowedTexts(violation: TraceViolation): string[] {
  return [...new Set(violation.allowed.map(text))];
}
const text = (o: Possible): string => outcomeText({ ...o, next: NO_STATE });
const NO_STATE = {} as never;

function seenText({ seen }: TraceViolation): string {
  const { errno, fault, fields } = seen.result;
  if (fault) return faultText(fault);
  const parts = Object.entries(fields).map(([name, v]) => `${name} ${number(v)}`);
  return [errno === '0' ? 'success' : errno, ...parts].join(', ');
}

function rendered(
  followed: Followed,
  totals: ReadTotals,
  profile: string,
  statements: ReadonlyMap<string, string>,
): string {
  const { violation } = followed;
  const lines: string[] = [];
  if (violation) {
    const { where, pid, step, unknown } = violation.seen;
    lines.push(
      `${where}: process ${pid}: ${describeStep(step)}`,
      ...(unknown.length > 0 ? [`  not in the log: ${unknown.join(', ')}`] : []),
      ...violation.seen.result.calls.map((call) => `  call: ${printable(call)}`),
      `  seen: ${seenText(violation)}`,
      `  no rule of ${profile} allows it; allowed:`,
      ...allowedTexts(violation).map((line) => `    ${line}`),
    );
    const cited = new Set(violation.allowed.map((o) => o.rule));
    for (const id of cited) {
      const statement = statements.get(id);
      if (statement !== undefined) lines.push(`  ${id}: ${statement}`);
    }
  } else lines.push(`${profile}: no step that the rules do not allow`);
  const { exact, partly, anything, unjudged } = followed;
  lines.push(
    `${totals.steps} steps of ${totals.lines} lines: ${exact} judged in full, ${partly} as far as the log tells, ${anything} of which the rules say nothing, ${unjudged} not judged`,
  );
  if (followed.bounded)
    lines.push('more states explained a step than are followed: a violation may be missing or false');
  return lines.join('\n');
}

function asJson(
  followed: Followed,
  totals: ReadTotals,
  profile: string,
  statements: ReadonlyMap<string, string>,
): object {
  const { violation, ...counts } = followed;
  return {
    profile,
    ...counts,
    lines: totals.lines,
    steps: totals.steps,
    unfinished: totals.unfinished,
    skipped: Object.fromEntries([...totals.skipped].sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(violation && {
      violation: {
        where: violation.seen.where,
        pid: violation.seen.pid,
        step: describeStep(violation.seen.step),
        unknown: violation.seen.unknown,
        call: violation.seen.result.calls[0],
        seen: seenText(violation),
        allowed: violation.allowed
          .filter((o) => o.rule !== UNSPECIFIED)
          .map((o) => ({ outcome: text(o), rule: o.rule, statement: statements.get(o.rule) })),
      },
    }),
  };
}
