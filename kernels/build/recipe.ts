// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync } from 'node:fs';
import type { JSONSchemaType } from 'ajv';
import { CaseError } from '../../harness/suite/case-error.js';
import { readSource } from '../../harness/suite/source.js';
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

/** How a kernel wants to be booted, on top of what its machine says. */
export interface BootSettings {
  /** Words of the kernel command line. */
  cmdline?: string[];
  memoryMb?: number;
  cpus?: number;
  /** Milliseconds until the agent must have answered. */
  timeoutMs?: number;
}

/** One of the dialects that a kernel with a boot parameter for it speaks. */
export interface Dialect {
  about?: string;
  /** The profile that probing is expected to find. */
  profile: string;
  cmdline: string[];
  /** As of the recipe, which is about the default dialect. */
  minimumPoints?: Partial<Record<GuestArch, number>>;
}

/** kernels/recipes/NAME.yaml: how to make a kernel, and what to expect of it. */
export interface Recipe {
  name: string;
  about: string;
  /** The dialect of the uAPI that this kernel is expected to speak when it is booted without choosing one. */
  profile: string;
  source: DebianSource;
  /** Absolute paths of patches, applied in this order. In the file: paths below kernels/patches. */
  patches: string[];
  /** Absolute paths of fragments per architecture, merged in this order. In the file: names of kernels/config. */
  fragments: Partial<Record<GuestArch, string[]>>;
  /** Fewer executed test points than this make a run an environment failure. */
  minimumPoints: Partial<Record<GuestArch, number>>;
  boot?: BootSettings;
  /** By the word of the command line: `d3`. */
  dialects?: Partial<Record<string, Dialect>>;
  /** Needed beside `dialects`: the one that is booted when none is named. */
  defaultDialect?: string;
  /** Words for each position of a switch; a switch that is there is on unless told otherwise. */
  switches?: { 'in-place'?: { on: string[]; off: string[] } };
}

const name = { type: 'string', pattern: '^[a-z0-9][a-zA-Z0-9._+-]*$' } as const;
const names = { type: 'array', items: name } as const;
const patch = {
  type: 'string',
  pattern: '^[a-z0-9][a-zA-Z0-9._+-]*(/[a-zA-Z0-9][a-zA-Z0-9._+-]*)*\\.(patch|diff)$',
} as const;
const words = { type: 'array', items: { type: 'string', pattern: '^[^\\s]+$' } } as const;
const positive = { type: 'integer', minimum: 1 } as const;

function perArch(value: object) {
  return {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: Object.fromEntries(GUEST_ARCHES.map((arch) => [arch, value])),
  } as const;
}

function object(required: readonly string[], properties: Record<string, object>) {
  return { type: 'object', additionalProperties: false, required, properties } as const;
}

const points = perArch({ type: 'integer', minimum: 0 });

const schema = object(['name', 'about', 'profile', 'source', 'patches', 'fragments', 'minimumPoints'], {
  name,
  about: { type: 'string', minLength: 1 },
  profile: name,
  source: object(['kind', 'package', 'suite'], {
    kind: { type: 'string', enum: ['debian'] },
    package: name,
    suite: name,
  }),
  patches: { type: 'array', items: patch },
  fragments: perArch(names),
  minimumPoints: points,
  boot: object([], { cmdline: words, memoryMb: positive, cpus: positive, timeoutMs: positive }),
  dialects: {
    type: 'object',
    minProperties: 1,
    propertyNames: name,
    additionalProperties: object(['profile', 'cmdline'], {
      about: { type: 'string', minLength: 1 },
      profile: name,
      cmdline: words,
      minimumPoints: points,
    }),
  },
  defaultDialect: name,
  switches: object([], { 'in-place': object(['on', 'off'], { on: words, off: words }) }),
}) as unknown as JSONSchemaType<Recipe>;

/** @returns the architectures that a recipe is for. */
export function archesOf({ fragments }: Recipe): GuestArch[] {
  return GUEST_ARCHES.filter((arch) => fragments[arch] !== undefined);
}

/** What the schema cannot say. */
function check(recipe: Recipe, path: string, shown: string): void {
  const { dialects = {}, defaultDialect } = recipe;
  const wrong = (at: string, problem: string): never => {
    throw new CaseError(readSource(path, shown).place([at]), problem);
  };
  const known = Object.keys(dialects);
  if (defaultDialect !== undefined && !known.includes(defaultDialect))
    wrong('defaultDialect', `expected one of the dialects (${known.join(', ')}), got '${defaultDialect}'`);
  if (known.length > 0 && defaultDialect === undefined)
    wrong('dialects', 'expected a defaultDialect beside dialects');
}

/** Read one recipe. @throws CaseError when it is not valid. */
export function readRecipe(path: string, shown = path): Recipe {
  const recipe = readRecord(path, schema, shown);
  check(recipe, path, shown);
  const fragment = (each: string): string => packagePath('kernels', 'config', `${each}.config`);
  return {
    ...recipe,
    patches: recipe.patches.map((each) => packagePath('kernels', 'patches', each)),
    fragments: Object.fromEntries(
      archesOf(recipe).map((arch) => [arch, recipe.fragments[arch]?.map(fragment) ?? []]),
    ),
  };
}

/**
 * Every recipe, sorted by name.
 *
 * @param directory where the YAML files are; default: this package's.
 * @throws CaseError when one is not valid.
 */
export function loadRecipes(directory = packagePath('kernels', 'recipes')): Recipe[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  return files.sort().map((file) => readRecipe(`${directory}/${file}`, `kernels/recipes/${file}`));
}

/** @returns the recipe of that name, or undefined when there is none. */
export function findRecipe(wanted: string): Recipe | undefined {
  return loadRecipes().find((recipe) => recipe.name === wanted);
}
