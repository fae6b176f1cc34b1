// SPDX-License-Identifier: GPL-2.0-only
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { CaseError } from './case-error.js';
import type { Place } from './case-error.js';
import { describeProblem } from './schema-problem.js';
import type { Path, Source } from './source.js';

/**
 * Check parsed YAML against a JSON Schema and turn the verdict into errors with places, one for each place.
 * @returns errors in file order, empty when valid
 */
export function validate(source: Source, schema: ValidateFunction): CaseError[] {
  if (schema(withNumbers(source.data))) return [];
  const seen = new Map<string, CaseError>();
  for (const e of schema.errors ?? []) {
    // Which branch of a condition failed is said by the error inside the branch.
    if (e.keyword === 'if' || e.keyword === 'propertyNames') continue;
    const path = toPath(e.instancePath, source.data);
    const place = placeOf(e, path, source);
    const key = `${place.line}:${place.column}`;
    if (!seen.has(key)) seen.set(key, new CaseError(place, describeProblem(e, path)));
  }
  return [...seen.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
}

/** Compile a schema once; verbose so that messages can quote what was seen. */
export function compileSchema(schema: object): ValidateFunction {
  return new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    allowUnionTypes: true,
    code: { optimize: false },
  }).compile(schema);
}

/** ajv knows no bigint: hand it numbers. Exactness does not matter here, only the kind does. */
function withNumbers(data: unknown): unknown {
  if (typeof data === 'bigint') return Number(BigInt.asIntN(53, data));
  if (Array.isArray(data)) return data.map(withNumbers);
  if (typeof data === 'object' && data !== null) {
    return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, withNumbers(v)]));
  }
  return data;
}

/** A JSON pointer as keys and indices; a key of digits is an index only where the data has a list. */
function toPath(pointer: string, data: unknown): Path {
  let node = data;
  return pointer
    .split('/')
    .slice(1)
    .map((part) => {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
      const index = Array.isArray(node) ? Number(key) : key;
      node = (node as Readonly<Record<string | number, unknown>> | undefined)?.[index];
      return index;
    });
}

function placeOf(e: ErrorObject, path: Path, source: Source): Place {
  const params = e.params as Readonly<Record<string, unknown>>;
  const key = e.propertyName ?? params['additionalProperty'];
  return typeof key === 'string' ? source.keyPlace([...path, key]) : source.place(path);
}
