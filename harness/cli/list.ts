// SPDX-License-Identifier: GPL-2.0-only
import { Command } from 'commander';
import { describeExpect, describeStep } from '../program/describe.js';
import { nestedSteps } from '../program/step.js';
import type { PlannedStep } from '../program/step.js';
import { nestedResults } from '../program/trace.js';
import { lower } from '../lower/lower.js';
import { notRun } from '../lower/wire.js';
import { select } from '../run/select.js';
import { expandSuite } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import { loadSuites } from '../suite/load.js';
import type { LoadedSuite } from '../suite/load.js';
import { loadRules } from '../suite/rules.js';
import type { Rule } from '../suite/rules.js';
import type { Context } from '../suite/scope.js';
import { contextOptions } from './context-options.js';
import type { ContextOptions } from './context-options.js';
import { repeated } from './options.js';
import { RULES, SUITES } from './paths.js';

interface ListOptions extends ContextOptions {
  suites?: string[];
  json?: boolean;
}

/** Points of suite files for a context that was given, not probed. */
export function pointsFor(suites: readonly LoadedSuite[], context: Context): TestPoint[] {
  return suites.flatMap((s) => expandSuite(s, context));
}

/** What a program does, step by step: the suite's words, the calls, the expectation. */
export function renderProgram(point: TestPoint, context: Context): string[] {
  const { wire, lift } = lower(point.program, { ...context, timeoutMs: 0 });
  // Nothing ran: every call of the rendering is "not reached", and only its left side is of interest.
  const trace = lift({ end: 'complete', signal: 0, blobAddress: 0n, results: wire.ops.map(notRun) });
  const lines: string[] = [];
  const add = (steps: readonly PlannedStep[], results: typeof trace.steps, indent: string): void => {
    steps.forEach(({ step, expect, where }, i) => {
      lines.push(
        `${indent}${describeStep(step)}    # ${where}`,
        `${indent}  expect ${describeExpect(expect)}`,
      );
      const nested = nestedSteps(step);
      const inner = nestedResults(step, results[i]);
      const calls = results[i]?.calls ?? [];
      for (const call of nested.length > 0 ? calls.slice(0, 1) : calls)
        lines.push(`${indent}  | ${call.replace(/ = \? \(not reached\)$/, '')}`);
      nested.forEach((list, n) => {
        if (nested.length > 1) lines.push(`${indent}  thread ${n + 1}:`);
        add(list, inner[n] ?? [], `${indent}    `);
      });
    });
  };
  add(point.program.steps, trace.steps, '  ');
  return lines;
}

export function listCommand(): Command {
  return contextOptions(
    new Command('list')
      .description('List test points: id, or why a point does not apply.')
      .argument('[ids...]', 'ids, suites, areas, or patterns with *')
      .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated)
      .option('--json', 'as JSON'),
  ).action((ids: string[], options: ListOptions, command: Command) => {
    const context = contextOptions.resolve(command);
    const points = select(pointsFor(loadSuites(options.suites ?? [SUITES]), context), ids);
    if (options.json) {
      const rows = points.map(({ id, suite, about, rules, requires, where, skip }) => ({
        id,
        suite,
        about,
        rules,
        requires,
        where,
        skip: skip?.code,
      }));
      process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      return;
    }
    for (const p of points) process.stdout.write(`${p.id}${p.skip ? `  (skip: ${p.skip.reason})` : ''}\n`);
    process.stderr.write(`${points.length} points for ${context.arch}, ${context.profile.id}\n`);
  });
}

/** What a rule says, and who says so. */
function about(rule: Rule | undefined): string[] {
  return rule ? [`    ${rule.statement}`, `    source: ${rule.source.join('; ')}`] : [];
}

export function explainCommand(): Command {
  return contextOptions(
    new Command('explain')
      .description('Explain test points: the expectation, where it comes from, and every call.')
      .argument('<ids...>', 'ids, suites, areas, or patterns with *')
      .option('--suites <path>', 'suite file or directory instead of the shipped ones; repeatable', repeated),
  ).action((ids: string[], options: ListOptions, command: Command) => {
    const context = contextOptions.resolve(command);
    const rules = new Map(loadRules(RULES).rules.map((r) => [r.id, r]));
    for (const p of select(pointsFor(loadSuites(options.suites ?? [SUITES]), context), ids)) {
      const lines = [
        p.id,
        `  ${p.about}`,
        `  written in ${p.where}`,
        ...p.source.map((s) => `  source: ${s}`),
        ...p.rules.flatMap((id) => [`  rule: ${id}`, ...about(rules.get(id))]),
        `  requires: ${p.requires.join(', ') || 'nothing'}`,
        ...(p.skip ? [`  skipped here: ${p.skip.reason}`] : renderProgram(p, context)),
      ];
      process.stdout.write(`${lines.join('\n')}\n\n`);
    }
  });
}
