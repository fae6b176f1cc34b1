// SPDX-License-Identifier: GPL-2.0-only
import type { ErrorObject } from 'ajv';
import { suggestion } from './closest.js';
import { PATTERN_WORDS } from './schema.js';
import type { Path } from './source.js';

/** What was expected of a value and what was seen, in one line, from the error that ajv reports for it. */
export function describeProblem(e: ErrorObject, path: Path): string {
  const where = nameOf(path);
  const params = e.params as Readonly<Record<string, unknown>>;
  const step = isStep(path);
  switch (e.keyword) {
    case 'additionalProperties':
      return unknownKey(String(params['additionalProperty']), e, step);
    case 'required':
      return `expected a '${String(params['missingProperty'])}' here`;
    case 'enum':
      return `expected ${choice(strings(params['allowedValues']), e.data)}`;
    case 'type':
      return step
        ? `expected a verb and its arguments, as in 'create_vm: { type: default }', got ${seen(e.data)}`
        : `expected ${where} to be ${kinds(params['type'])}, got ${seen(e.data)}`;
    case 'pattern':
      return pattern(String(params['pattern']), where, e);
    case 'minProperties':
    case 'maxProperties':
      return step
        ? `expected exactly one verb in a step, got ${verbsOf(e.data)}`
        : `expected at most ${String(params['limit'])} keys in ${where}, got ${count(e.data)}`;
    case 'dependencies':
      return `expected '${String(params['missingProperty'])}' beside '${String(params['property'])}'`;
    case 'minItems':
      return `expected at least ${String(params['limit'])} in ${where}, got ${count(e.data)}`;
    case 'maxItems':
      return `expected at most ${String(params['limit'])} in ${where}, got ${count(e.data)}`;
    case 'minLength':
      return `expected ${where} not to be empty`;
    case 'maxLength':
      return `expected at most ${String(params['limit'])} characters in ${where}, got ${count(e.data)}`;
    default:
      return `expected that ${where} ${e.message ?? 'is valid'}, got ${seen(e.data)}`;
  }
}

/** The path leads to a step as a whole: an element of a list of steps. */
function isStep(path: Path): boolean {
  if (typeof path.at(-1) !== 'number') return false;
  const list = path.at(-2);
  // The steps of a thread are a list in the list of threads.
  if (typeof list === 'number') return path.at(-3) === 'threads' || path.at(-3) === 'parallel';
  return list === 'steps' || list === 'fixture';
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last !== 'number') return `'${last}'`;
  const list = path.at(-2);
  return typeof list === 'number'
    ? `item ${last + 1} of item ${list + 1} of '${String(path.at(-3))}'`
    : `item ${last + 1} of '${String(list)}'`;
}

function unknownKey(name: string, e: ErrorObject, step: boolean): string {
  const schema = e.parentSchema as { properties?: Readonly<Record<string, unknown>> } | undefined;
  const known = Object.keys(schema?.properties ?? {});
  if (!step) return `expected ${choice(known, name, 'unknown key ')}`;
  const verbs = known.filter((k) => k !== 'expect');
  return `expected a verb (${verbs.slice(0, 6).join(', ')}, …), got '${name}'${suggestion(name, verbs)}`;
}

/** `one of a, b, c, got 'd'; did you mean 'c'?`. */
function choice(known: readonly string[], data: unknown, what = ''): string {
  const list =
    known.length > 12 ? `${known.slice(0, 12).join(', ')}, … (${known.length} in all)` : known.join(', ');
  const hint = typeof data === 'string' ? suggestion(data, known) : '';
  return `${known.length === 1 ? '' : 'one of '}${list}, got ${what}${seen(data)}${hint}`;
}

function pattern(source: string, where: string, e: ErrorObject): string {
  const words = PATTERN_WORDS[source] ?? `what matches ${source}`;
  return e.propertyName === undefined
    ? `expected ${where} to be ${words}, got ${seen(e.data)}`
    : `expected as a key ${words}, got '${e.propertyName}'`;
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  'integer,string': 'a number or an expression',
};

function kinds(type: unknown): string {
  return KIND_WORDS[String(type)] ?? `of type ${String(type)}`;
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function count(data: unknown): number {
  if (typeof data === 'string') return data.length;
  return Object.keys(data as object).length;
}

function verbsOf(data: unknown): string {
  const names = Object.keys(data as object).filter((k) => k !== 'expect');
  return names.length === 0 ? 'none' : names.join(', ');
}

function seen(data: unknown): string {
  if (data === null || data === undefined) return 'nothing';
  const text = typeof data === 'string' ? `'${data}'` : JSON.stringify(data);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
