// SPDX-License-Identifier: GPL-2.0-only
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { CaseError } from './case-error.js';
import type { Path, Source } from './source.js';

/**
 * Check parsed YAML against a JSON Schema and turn the verdict into errors with places.
 *
 * Where a value may have several forms ajv reports the failure of each; of those only the ones that got
 * deepest into the document are about what the author meant, so only they are shown.
 *
 * @returns errors in file order, empty when valid
 */
export function validate(source: Source, schema: ValidateFunction): CaseError[] {
  if (schema(withNumbers(source.data))) return [];
  const meaningful = innermost(schema.errors ?? []);
  const seen = new Map<string, CaseError>();
  for (const e of meaningful) {
    const path = toPath(e.instancePath);
    const error = new CaseError(source.place(path.concat(extra(e))), describe(e, path));
    seen.set(`${error.place.line}:${error.place.column}`, error);
  }
  return [...seen.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** Compile a schema once; verbose so that messages can quote what was seen. */
export function compileSchema(schema: object): ValidateFunction {
  return new Ajv({ allErrors: true, strict: false, verbose: true, allowUnionTypes: true, code: { optimize: false } }).compile(schema);
}

/** ajv knows no bigint: hand it numbers. Exactness does not matter here, only the kind does. */
function withNumbers(data: unknown): unknown {
  if (typeof data === 'bigint') return Number(data);
  if (Array.isArray(data)) return data.map(withNumbers);
  if (typeof data === 'object' && data !== null) {
    return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, withNumbers(v)]));
  }
  return data;
}

function toPath(instancePath: string): (string | number)[] {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^[0-9]+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function extra(e: ErrorObject): Path {
  const p = e.params as Record<string, unknown>;
  return e.keyword === 'additionalProperties' && typeof p['additionalProperty'] === 'string'
    ? [p['additionalProperty']]
    : [];
}

function innermost(errors: ErrorObject[]): ErrorObject[] {
  const leaves = errors.filter((e) => e.keyword !== 'anyOf' && e.keyword !== 'oneOf' && e.keyword !== 'if');
  const byStep = new Map<string, ErrorObject[]>();
  for (const e of leaves) {
    const key = /^(.*\/(?:steps|fixture)\/\d+)(?:\/|$)/.exec(e.instancePath)?.[1] ?? e.instancePath;
    byStep.set(key, [...(byStep.get(key) ?? []), e]);
  }
  return [...byStep.entries()].flatMap(([key, group]) => (group.length === 1 ? group : deepest(key, group)));
}

function deepest(key: string, group: ErrorObject[]): ErrorObject[] {
  const depth = (e: ErrorObject): number => e.instancePath.split('/').length + extra(e).length;
  const inside = group.filter((e) => e.instancePath.length > key.length);
  if (inside.length > 0) {
    const max = Math.max(...inside.map(depth));
    const deep = inside.filter((e) => depth(e) === max);
    return deep.some((e) => e.keyword !== 'type') ? deep.filter((e) => e.keyword !== 'type') : deep;
  }
  return group.slice(0, 1);
}

function describe(e: ErrorObject, path: Path): string {
  const where = path.length === 0 ? 'the file' : `'${String(path.at(-1))}'`;
  const seen = short(e.data);
  const p = e.params as Record<string, unknown>;
  switch (e.keyword) {
    case 'additionalProperties':
      return unknownKey(String(p['additionalProperty']), e);
    case 'required':
      return `expected a '${String(p['missingProperty'])}' here`;
    case 'enum':
      return `expected one of ${words(p['allowedValues'])}, got ${seen}`;
    case 'type':
      return `expected ${where} to be of type ${String(p['type'])}, got ${seen}`;
    case 'pattern':
      return `expected ${where} to match ${String(p['pattern'])}, got ${seen}`;
    default:
      return `expected that ${where} ${e.message ?? 'is valid'}, got ${seen}`;
  }
}

function unknownKey(name: string, e: ErrorObject): string {
  const properties =
    (e.parentSchema as { properties?: Record<string, unknown> } | undefined)?.properties ?? {};
  const isStep = /\/(?:steps|fixture)\/\d+$/.test(e.instancePath);
  const known = isStep ? 'a verb (see suites/schema.json)' : words(Object.keys(properties));
  return `expected ${known}, got unknown key '${name}'`;
}

function words(list: unknown): string {
  const all = Array.isArray(list) ? list.map((v) => String(v)) : [];
  return all.length > 12 ? `${all.slice(0, 12).join(', ')}, … (${all.length} in all)` : all.join(', ');
}

function short(data: unknown): string {
  const text =
    typeof data === 'string' ? `'${data}'` : ((JSON.stringify(data) as string | undefined) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
