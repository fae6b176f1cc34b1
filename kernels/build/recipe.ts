// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync } from 'node:fs';
import type { JSONSchemaType } from 'ajv';
import { GUEST_ARCHES } from './machine.js';
import type { GuestArch } from './machine.js';
import { readRecord } from './record.js';
import { packagePath } from './root.js';

/** Where a kernel's source comes from: a Debian source tarball package. */
export interface DebianSource {
  kind: 'debian';
  package: string;
  suite: string;
}

/** kernels/recipes/NAME.yaml: how to make a kernel, and what to expect of it. */
export interface Recipe {
  name: string;
  about: string;
  /** The dialect of the uAPI that this kernel is expected to speak. */
  profile: string;
  source: DebianSource;
  /** Files of kernels/patches, applied in this order. */
  patches: string[];
  /** Names of kernels/config/NAME.config per architecture, merged in this order. */
  fragments: Record<GuestArch, string[]>;
  /** Fewer executed test points than this make a run an environment failure. */
  minimumPoints: Record<GuestArch, number>;
}

const name = { type: 'string', pattern: '^[a-z0-9][a-zA-Z0-9._+-]*$' } as const;
const names = { type: 'array', items: name } as const;

function perArch(value: object) {
  return {
    type: 'object',
    additionalProperties: false,
    required: [...GUEST_ARCHES],
    properties: Object.fromEntries(GUEST_ARCHES.map((arch) => [arch, value])),
  } as const;
}

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'about', 'profile', 'source', 'patches', 'fragments', 'minimumPoints'],
  properties: {
    name,
    about: { type: 'string', minLength: 1 },
    profile: name,
    source: {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'package', 'suite'],
      properties: { kind: { type: 'string', enum: ['debian'] }, package: name, suite: name },
    },
    // The first recipe that needs one brings the code that applies it.
    patches: { ...names, maxItems: 0 },
    fragments: perArch(names),
    minimumPoints: perArch({ type: 'integer', minimum: 0 }),
  },
} as unknown as JSONSchemaType<Recipe>;

/**
 * Every recipe, sorted by name.
 *
 * @param directory where the YAML files are; default: this package's.
 * @throws CaseError when one is not valid.
 */
export function loadRecipes(directory = packagePath('kernels', 'recipes')): Recipe[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => readRecord(`${directory}/${file}`, schema, `kernels/recipes/${file}`));
}

/** @returns the recipe of that name, or undefined when there is none. */
export function findRecipe(wanted: string): Recipe | undefined {
  return loadRecipes().find((recipe) => recipe.name === wanted);
}
