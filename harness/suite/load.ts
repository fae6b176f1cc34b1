// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { CaseError, CaseErrors } from './case-error.js';
import type { Place } from './case-error.js';
import { emptyProfileKeys } from './check-profiles.js';
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

/** Compiling takes longer than checking all suites: once is enough. */
let compiled: ValidateFunction | undefined;

const NOT_SUITES = new Set(['features.yaml', 'rules.yaml']);

/**
 * Suite files below `dir` (or `dir` itself when it is a file), sorted by path.
 * @throws Error when it is neither a directory nor a YAML file
 */
export function findSuites(dir: string): string[] {
  if (!statSync(dir).isDirectory()) {
    if (/\.ya?ml$/.test(dir)) return [dir];
    throw new Error('neither a directory nor a .yaml file');
  }
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
  compiled ??= compileSchema(suiteSchema());
  const schema = compiled;
  const errors: CaseError[] = [];
  const loaded: LoadedSuite[] = [];
  for (const root of paths) {
    for (const file of listed(root, errors)) {
      try {
        const source = readSource(file, shown(file));
        const found = validate(source, schema);
        errors.push(...found);
        if (found.length > 0) continue;
        const raw = source.data as RawSuite;
        errors.push(...emptyProfileKeys(raw, source));
        loaded.push({ source, raw });
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
    const found = findSuites(root);
    if (found.length > 0) return found;
    errors.push(new CaseError(nowhere(root), 'expected suite files (*.yaml) in this directory, found none'));
  } catch (e) {
    errors.push(
      new CaseError(nowhere(root), `expected a suite file or a directory of them: ${(e as Error).message}`),
    );
  }
  return [];
}

const nowhere = (file: string): Place => ({ file, line: 1, column: 1, text: '' });

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
    const ids = new Map<string, number>();
    raw.cases.forEach((c, i) => {
      const first = ids.get(c.id);
      const place = source.place(['cases', i, 'id']);
      if (first !== undefined)
        errors.push(new CaseError(place, `expected a unique id, '${c.id}' is also at line ${first}`));
      else ids.set(c.id, place.line);
    });
  }
  return errors;
}
