// SPDX-License-Identifier: GPL-2.0-only
import type { JSONSchemaType } from 'ajv';
import { GUEST_ARCHES } from './machine.js';
import type { Recipe } from './recipe-format.js';

const name = { type: 'string', pattern: '^[a-z0-9][a-zA-Z0-9._+-]*$' } as const;
const text = { type: 'string', minLength: 1 } as const;
const path = { type: 'string', pattern: '^[^\\0\\n]+$' } as const;
const paths = { type: 'array', items: path } as const;
/** kernels/config/NAME.config, or a file of the user's. */
const fragment = { type: 'string', pattern: '^(?:[a-z0-9][a-zA-Z0-9_-]*|[^\\0\\n]+\\.config)$' } as const;
const module = { type: 'string', pattern: '^[a-zA-Z0-9_-]+$' } as const;
const modules = { type: 'array', items: module } as const;
const words = { type: 'array', items: { type: 'string', pattern: '^[^\\s]+$' } } as const;
const positive = { type: 'integer', minimum: 1 } as const;
/** Neither an option nor a range: it becomes an argument of git. */
const revision = { type: 'string', pattern: '^[^-\\s][^\\s]*$' } as const;

function object(required: readonly string[], properties: Record<string, object>) {
  return { type: 'object', additionalProperties: false, required, properties } as const;
}

function perArch(value: object) {
  const properties = Object.fromEntries(GUEST_ARCHES.map((arch) => [arch, value]));
  return { ...object([], properties), minProperties: 1 } as const;
}

const kind = (value: string) => ({ type: 'string', const: value }) as const;
const points = perArch({ type: 'integer', minimum: 0 });

const source = {
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: [
    object(['kind', 'package', 'suite'], { kind: kind('debian'), package: name, suite: name }),
    object(['kind', 'tree'], { kind: kind('git'), tree: path, ref: revision }),
    object(['kind', 'path'], {
      kind: kind('tarball'),
      path,
      sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    }),
    object(['kind', 'images'], {
      kind: kind('image'),
      images: perArch(object(['image'], { image: path, config: path, modules: path })),
      load: modules,
    }),
    object(['kind', 'suite', 'packages'], {
      kind: kind('distro'),
      suite: name,
      packages: perArch(name),
      load: modules,
    }),
  ],
};

const series = {
  ...object([], {
    mbox: path,
    directory: path,
    git: object(['tree', 'range'], {
      tree: path,
      range: { ...revision, pattern: '^[^-\\s][^\\s]*\\.\\.[^\\s]+$' },
    }),
    'message-id': { type: 'string', pattern: '^<?[^\\s<>@-][^\\s<>@]*@[^\\s<>@]+>?$' },
  }),
  minProperties: 1,
  maxProperties: 1,
} as const;

/** Of the file; what it takes to say more than a schema can is in recipe.ts. */
export const recipeSchema = object(['name', 'about', 'profile', 'source'], {
  name,
  about: text,
  profile: name,
  source,
  patches: paths,
  series,
  fixups: paths,
  fragments: perArch({ type: 'array', items: fragment }),
  minimumPoints: points,
  boot: object([], { cmdline: words, memoryMb: positive, cpus: positive, timeoutMs: positive }),
  dialects: {
    type: 'object',
    minProperties: 1,
    propertyNames: name,
    additionalProperties: object(['profile', 'cmdline'], {
      about: text,
      profile: name,
      cmdline: words,
      minimumPoints: points,
    }),
  },
  defaultDialect: name,
  faults: name,
  switches: object([], { 'in-place': object(['on', 'off'], { on: words, off: words }) }),
}) as unknown as JSONSchemaType<Recipe>;
