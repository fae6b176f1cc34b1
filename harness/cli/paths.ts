// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { packagePath } from '../../kernels/build/root.js';

/** Places of the package, and what the command line uses when nothing else is said. */
export const SUITES = packagePath('suites');
export const SCHEMA = packagePath('suites', 'schema.json');
export const FEATURES = packagePath('suites', 'features.yaml');
export const RULES = packagePath('suites', 'rules.yaml');
export const RUNS = packagePath('results', 'runs');
export const REFERENCE = packagePath('results', 'reference');
export const MUTATION = packagePath('results', 'mutation');

/** Version in package.json. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

/** Spelling of a word for a shell, quoted only when it needs to be. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
