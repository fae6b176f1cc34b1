// SPDX-License-Identifier: GPL-2.0-only
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { lint } from '../suite/lint.js';
import { CaseErrors } from '../suite/case-error.js';
import { suiteSchema } from '../suite/schema.js';
import { loadSuites } from '../suite/load.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { findProfile } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { checkSpec, findingText } from './check-spec.js';
import { EXIT, UsageError } from './exit.js';
import { repeated } from './options.js';
import { FEATURES, RULES, SCHEMA, SUITES } from './paths.js';

/** Findings that are printed; a wrong rule has hundreds. */
const SHOWN = 40;

interface CheckOptions {
  json?: boolean;
  writeSchema?: boolean;
  spec?: boolean;
  id?: string[];
  profile?: string[];
  arch?: Arch;
  strictness?: boolean;
}

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Check suite files: schema, expressions, names, features, ids; for every architecture and profile.',
    )
    .argument('[paths...]', 'suite files or directories (default: the shipped suites)')
    .option('--json', 'as JSON')
    .option('--write-schema', 'write suites/schema.json anew from the verb table')
    .option('--spec', 'compare every expectation with the executable specification too')
    .option('--id <pattern>', 'with --spec: only these points (repeatable)', repeated)
    .option('--profile <id>', 'with --spec: only this profile (repeatable)', repeated)
    .addOption(new Option('--arch <arch>', 'with --spec: only this architecture').choices(ARCHES))
    .option('--strictness', 'with --spec: list where case and model are not equally exact, too')
    .action((paths: string[], options: CheckOptions) => {
      if (options.writeSchema) writeFileSync(SCHEMA, schemaText());
      const started = performance.now();
      const { suites, points, errors } = lint(paths.length > 0 ? paths : [SUITES], FEATURES, RULES);
      if (options.json) {
        const list = errors.map(({ place, problem }) => ({
          file: place.file,
          line: place.line,
          column: place.column,
          problem,
        }));
        process.stdout.write(`${JSON.stringify({ suites, points, errors: list }, null, 2)}\n`);
      }
      if (errors.length > 0) throw new CaseErrors(errors);
      const counts = Object.entries(points).map(([context, n]) => `${n} ${context}`);
      process.stderr.write(
        `${suites} suites, ${counts.join(', ')}: ok in ${((performance.now() - started) / 1000).toFixed(2)} s\n`,
      );
      if (options.spec) compareWithSpec(paths, options);
    });
}

/** The part of `--spec`. Contradictions are a wrong case or a wrong model: either way nothing to build on. */
function compareWithSpec(paths: string[], options: CheckOptions): void {
  const started = performance.now();
  const result = checkSpec(loadSuites(paths.length > 0 ? paths : [SUITES]), {
    ids: options.id ?? [],
    ...(options.arch && { arches: [options.arch] }),
    ...(options.profile && { profiles: options.profile.map(named) }),
  });
  if (options.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else {
    const shown = result.findings.filter((f) => options.strictness || f.kind === 'contradiction');
    for (const f of shown.slice(0, SHOWN)) process.stdout.write(`${findingText(f)}\n`);
    if (shown.length > SHOWN) process.stdout.write(`... and ${shown.length - SHOWN} more (--json has all)\n`);
  }
  const { contradiction, strict, vague, loose } = result.counts;
  process.stderr.write(
    `${result.points} points against the model: ${contradiction} contradictions, ${strict} stricter, ` +
      `${vague} more exact, ${loose} looser than the model, in ${((performance.now() - started) / 1000).toFixed(2)} s\n`,
  );
  if (contradiction > 0) process.exitCode = EXIT.unexpected;
}

function named(id: string): Profile {
  const profile = findProfile(id);
  if (!profile) throw new UsageError(`expected a profile, got '${id}' (see: gmemcheck list --profiles)`);
  return profile;
}

/** The text of suites/schema.json. */
export function schemaText(): string {
  return `${JSON.stringify(suiteSchema(), null, 2)}\n`;
}
