// SPDX-License-Identifier: GPL-2.0-only
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { lint } from '../suite/lint.js';
import { CaseErrors } from '../suite/case-error.js';
import { suiteSchema } from '../suite/schema.js';
import { FEATURES, RULES, SCHEMA, SUITES } from './paths.js';

export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Check suite files: schema, expressions, names, features, ids; for every architecture and profile.',
    )
    .argument('[paths...]', 'suite files or directories (default: the shipped suites)')
    .option('--json', 'as JSON')
    .option('--write-schema', 'write suites/schema.json anew from the verb table')
    .action((paths: string[], options: { json?: boolean; writeSchema?: boolean }) => {
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
    });
}

/** The text of suites/schema.json. */
export function schemaText(): string {
  return `${JSON.stringify(suiteSchema(), null, 2)}\n`;
}
