// SPDX-License-Identifier: GPL-2.0-only
import { Command, Option } from 'commander';
import { select } from '../run/select.js';
import { missingCases, unknownRules } from '../suite/check-rules.js';
import { CaseErrors } from '../suite/case-error.js';
import { loadSuites } from '../suite/load.js';
import { ruleCoverage } from '../suite/rule-coverage.js';
import type { Coverage } from '../suite/rule-coverage.js';
import { loadRules, profilesOfRule } from '../suite/rules.js';
import { findProfile, PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { UsageError } from './exit.js';
import { repeated } from './options.js';
import { RULES, SUITES } from './paths.js';

interface RulesOptions {
  suites?: string[];
  profile?: string;
  uncovered?: boolean;
  long?: boolean;
  json?: boolean;
}

/** `d0..d1,d3..d8`: ordinals of profiles, neighbours of the list of all profiles joined. */
export function ordinals(profiles: readonly Profile[]): string {
  const runs: Profile[][] = [];
  for (const p of PROFILES.filter((known) => profiles.includes(known))) {
    const last = runs.at(-1);
    const joins = last?.at(-1) === PROFILES[PROFILES.indexOf(p) - 1];
    if (last && joins) last.push(p);
    else runs.push([p]);
  }
  return runs
    .map((run) => [...new Set([run[0], run.at(-1)])].map((p) => `d${p?.dialect ?? ''}`).join('..'))
    .join(',');
}

/** Coverage as far as one profile is concerned: rules that hold there, and whether it lacks them. */
function forProfile(coverage: readonly Coverage[], profile: Profile): Coverage[] {
  return coverage
    .filter(({ rule }) => profilesOfRule(rule).includes(profile))
    .map((c) => ({ ...c, uncovered: c.uncovered.filter((p) => p === profile) }));
}

function asJson({ rule, cases, uncovered }: Coverage): object {
  const { id, statement, source, arch, unreachable } = rule;
  return {
    id,
    statement,
    source,
    profiles: profilesOfRule(rule).map((p) => p.id),
    ...(arch && { arch }),
    ...(unreachable && { unreachable }),
    cases,
    uncovered: uncovered.map((p) => p.id),
  };
}

/** One line for each rule: id, profiles, sources, cases; columns as wide as their widest cell. */
function table(rows: readonly Coverage[]): string[] {
  const cells = rows.map(({ rule, cases, uncovered }) => [
    rule.id,
    [ordinals(profilesOfRule(rule)), ...(rule.arch ?? [])].join(' '),
    rule.source.join('; '),
    [
      ...(rule.unreachable ? ['(unreachable)'] : []),
      ...(uncovered.length > 0 ? [`UNCOVERED for ${ordinals(uncovered)}`] : []),
      ...cases,
    ].join(' '),
  ]);
  const all = [['RULE', 'PROFILES', 'SOURCES', 'CASES'], ...cells];
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd(),
  );
}

function rendered({ rule, cases, uncovered }: Coverage): string[] {
  const where = [ordinals(profilesOfRule(rule)), ...(rule.arch ?? [])].join(' ');
  return [
    `${rule.id}  (${where})`,
    `  ${rule.statement}`,
    `  source: ${rule.source.join('; ')}`,
    ...(cases.length > 0 ? [`  cases: ${cases.join(' ')}`] : []),
    ...(rule.unreachable
      ? [`  unreachable: ${rule.unreachable.why}; ${rule.unreachable.case} would show it`]
      : []),
    ...(uncovered.length > 0 ? [`  UNCOVERED for ${ordinals(uncovered)}`] : []),
  ];
}

function profileFor(id: string): Profile {
  const found = findProfile(id);
  if (!found) throw new UsageError(`expected one of ${PROFILES.map((p) => p.id).join(', ')}, got '${id}'`);
  return found;
}

export function rulesCommand(): Command {
  return new Command('rules')
    .description(
      'List the rules that the kernel is held to, where they come from, and the cases that hold them.',
    )
    .argument('[rules...]', 'ids or patterns with *')
    .addOption(new Option('--profile <id>', 'rules of this dialect only, and the cases for it'))
    .option(
      '--uncovered',
      'only rules that no case holds, and those unreachable; exit code 1 when there are any of the former',
    )
    .option('--long', 'with statements, several lines for each rule, as for rules given by their id')
    .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated)
    .option('--json', 'as JSON')
    .action((globs: string[], options: RulesOptions) => {
      const book = loadRules(RULES);
      const suites = loadSuites(options.suites ?? [SUITES]);
      const known = new Set(book.rules.map((r) => r.id));
      const errors = suites.flatMap((s) => unknownRules(s, known));
      // Suites of someone else need not have the cases for hardware that the shipped ones have.
      if (!options.suites) errors.push(...missingCases(book, suites));
      if (errors.length > 0) throw new CaseErrors(errors);
      const all = ruleCoverage(
        select(book.rules, globs.map(asPattern), { name: 'a rule or an area of them', list: 'rules' }),
        suites,
      );
      const chosen = options.profile === undefined ? all : forProfile(all, profileFor(options.profile));
      const lacking = chosen.filter((c) => c.uncovered.length > 0);
      const unreachable = chosen.filter((c) => c.rule.unreachable);
      const shown = options.uncovered
        ? chosen.filter((c) => lacking.includes(c) || unreachable.includes(c))
        : chosen;
      if (options.json) process.stdout.write(`${JSON.stringify(shown.map(asJson), null, 2)}\n`);
      else {
        const long = options.long ?? (globs.length > 0 && globs.every((glob) => known.has(glob)));
        const lines = long ? shown.flatMap(rendered) : table(shown);
        if (shown.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
      }
      process.stderr.write(
        `${chosen.length} rules, ${chosen.length - lacking.length - unreachable.length} covered, ${unreachable.length} unreachable on emulated machines, ${lacking.length} not covered\n`,
      );
      if (options.uncovered && lacking.length > 0) process.exitCode = 1;
    });
}

/** An area is a pattern: `gmem.attr` means `gmem.attr.*`. */
function asPattern(glob: string): string {
  return /^[a-z0-9]+(\.[a-z0-9-]+)?$/.test(glob) ? `${glob}.*` : glob;
}
