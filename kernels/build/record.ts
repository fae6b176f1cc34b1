// SPDX-License-Identifier: GPL-2.0-only
import { Ajv } from 'ajv';
import type { ErrorObject, JSONSchemaType } from 'ajv';
import { CaseError } from '../../harness/suite/case-error.js';
import { readSource } from '../../harness/suite/source.js';

/** YAML gives every integer as a bigint; records hold only small ones. */
function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withNumbers);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withNumbers(inner)]));
}

function pathOf(error: ErrorObject): (string | number)[] {
  const path: (string | number)[] = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const extra: unknown = error.params.additionalProperty ?? error.params.tag;
  return typeof extra === 'string' ? [...path, extra] : path;
}

function problemOf(error: ErrorObject): string {
  const where = error.instancePath.slice(1).replaceAll('/', '.') || 'the record';
  const params = error.params as {
    additionalProperty?: string;
    allowedValues?: unknown[];
    tag?: string;
    tagValue?: unknown;
  };
  if (params.tag !== undefined) return `${where}: unknown ${params.tag} '${String(params.tagValue)}'`;
  if (params.additionalProperty !== undefined) return `${where}: unknown key '${params.additionalProperty}'`;
  const allowed = params.allowedValues ? `: ${params.allowedValues.map(String).join(', ')}` : '';
  return `${where} ${error.message ?? 'is not valid'}${allowed}`;
}

/**
 * Read a data record (a recipe, a machine) and check it against its schema.
 *
 * @param path the YAML file; `shown` is its name in messages.
 * @throws CaseError with file, line and column of the first violation.
 */
export function readRecord<T>(path: string, schema: JSONSchemaType<T>, shown = path): T {
  const source = readSource(path, shown);
  const data = withNumbers(source.data);
  const validate = new Ajv({ strict: true, discriminator: true }).compile(schema);
  if (validate(data)) return data;
  const first = validate.errors?.[0];
  throw new CaseError(
    source.place(first ? pathOf(first) : []),
    first ? problemOf(first) : 'does not match its schema',
  );
}
