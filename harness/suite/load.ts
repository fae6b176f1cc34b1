// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CaseError, CaseErrors } from './case-error.js';
import type { RawSuite } from './raw.js';
import { suiteSchema } from './schema.js';
import { readSource } from './source.js';
import type { Source } from './source.js';
import { compileSchema, validate } from './validate.js';

/** A suite file that the schema accepts, with its source for messages. */
export interface LoadedSuite {
  source: Source;
  raw: RawSuite;
}

const NOT_SUITES = new Set(['features.yaml']);

/** Suite files below `dir` (or `dir` itself when it is a file), sorted by path. */
export function findSuites(dir: string): string[] {
  if (/\.ya?ml$/.test(dir)) return [dir];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.yaml') && !NOT_SUITES.has(e.name))
    .map((e) => join(e.parentPath, e.name))
    .sort();
}

/**
 * Load suite files and check them against the schema.
 * @param paths files or directories
 * @throws CaseErrors with every problem of every file
 */
export function loadSuites(paths: readonly string[]): LoadedSuite[] {
  const schema = compileSchema(suiteSchema());
  const errors: CaseError[] = [];
  const loaded: LoadedSuite[] = [];
  for (const root of paths) {
    for (const file of listed(root, errors)) {
      try {
        const source = readSource(file, shown(file));
        const found = validate(source, schema);
        errors.push(...found);
        if (found.length === 0) loaded.push({ source, raw: source.data as RawSuite });
      } catch (e) {
        if (!(e instanceof CaseError)) throw e;
        errors.push(e);
      }
    }
  }
  errors.push(...duplicates(loaded));
  if (errors.length > 0) throw new CaseErrors(errors);
  return loaded;
}

function listed(root: string, errors: CaseError[]): string[] {
  try {
    return findSuites(root);
  } catch (e) {
    errors.push(
      new CaseError({ file: root, line: 1, column: 1, text: '' }, `cannot be read: ${(e as Error).message}`),
    );
    return [];
  }
}

function shown(file: string): string {
  const short = relative(process.cwd(), file);
  return short.startsWith('..') ? file : short;
}

function duplicates(suites: readonly LoadedSuite[]): CaseError[] {
  const errors: CaseError[] = [];
  const names = new Map<string, string>();
  for (const { source, raw } of suites) {
    const other = names.get(raw.suite);
    if (other !== undefined) {
      errors.push(
        new CaseError(
          source.place(['suite']),
          `expected a unique suite name, '${raw.suite}' is also in ${other}`,
        ),
      );
    }
    names.set(raw.suite, source.file);
    const ids = new Set<string>();
    raw.cases.forEach((c, i) => {
      if (ids.has(c.id))
        errors.push(
          new CaseError(source.place(['cases', i, 'id']), `expected a unique id, '${c.id}' is used twice`),
        );
      ids.add(c.id);
    });
  }
  return errors;
}
