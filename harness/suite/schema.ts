// SPDX-License-Identifier: GPL-2.0-only
import { errnoNames } from '../uapi/errno.js';
import { ARCHES } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import type { Param } from '../program/params.js';
import { verb, VERB_NAMES } from '../program/verbs.js';
import type { VerbName } from '../program/verbs.js';

/** Threads of one parallel: the executor's limit (harness/lower/wire.ts MAX_THREADS), which suites do not import. */
const MAX_THREADS = 4;

type Json = { readonly [key: string]: unknown };

const ID = '^[a-z0-9][a-z0-9-]*$';
const NAME = '^[a-z][a-z0-9_]*$';
const VAR = '^\\$[a-z][a-z0-9_.]*$';
const OBJECT = `${NAME}|${VAR}`;
const SUITE = '^[a-z0-9-]+(/[a-z0-9-]+)+$';
const EACH = '^[0-9]+\\.\\.[0-9]+( by [1-9][0-9]*)?$';
const RANGE = '^[0-9]+\\.\\.[0-9]+$';

const ORDINAL = `d[${PROFILES.map((p) => p.dialect).join('')}]`;
const ORDINALS = `^${ORDINAL}(\\.\\.${ORDINAL})?$`;
const PROFILE = `^(${ORDINAL}(\\.\\.${ORDINAL})?|${PROFILES.map((p) => p.id.replaceAll('.', '\\.')).join('|')})$`;

/** What the patterns ask for, in words. */
export const PATTERN_WORDS: Readonly<Record<string, string>> = {
  [ID]: 'lower-case letters, digits and dashes, as in refuses-flags',
  [NAME]: 'a name of lower-case letters, digits and underscores',
  [VAR]: 'a variable, as in $page',
  [OBJECT]: 'the name of an object, or a variable',
  [SUITE]: 'area and name in lower case, as in create/flags',
  [EACH]: 'a range, as in 0..999 or 0..998 by 2',
  [PROFILE]: `a profile (${PROFILES.map((p) => p.id).join(', ')}), or ordinals, as in d3 or d3..d8`,
  [RANGE]: 'a range, as in 0..63, or a list of values',
};

/** One or more profiles: a full id, or ordinals as in d3 and d3..d8. */
const profileKey: Json = { type: 'string', pattern: PROFILE };

const expr: Json = { $ref: '#/$defs/expr' };

const arraysOf = (items: Json, max: number): Json => ({ type: 'array', items, maxItems: max });
/**
 * Alternatives are told apart by `if`, not tried out with `anyOf`: the one problem that is reported is then
 * that of the form which the author wrote.
 */
const orVariable = (s: Json): Json => ({
  if: { type: 'string', pattern: '^\\$' },
  then: { pattern: VAR },
  else: s,
});

function paramSchema(p: Param): Json {
  const about = { description: p.about };
  switch (p.kind) {
    case 'num':
    case 'optnum':
      return { ...about, ...expr };
    case 'nums':
      return { ...about, ...arraysOf(expr, p.max) };
    case 'ref':
    case 'optref':
    case 'new':
    case 'word':
      return { ...about, type: 'string', pattern: OBJECT };
    case 'enum':
      return { ...about, ...orVariable({ enum: [...p.values] }) };
    case 'steps':
      return { ...about, ...arraysOf({ $ref: '#/$defs/step' }, 64) };
    case 'threads': {
      const thread = { ...arraysOf({ $ref: '#/$defs/step' }, 16), minItems: 1 };
      return { ...about, ...arraysOf(thread, MAX_THREADS), minItems: 2 };
    }
  }
}

function required(p: Param): boolean {
  return (
    p.kind === 'steps' ||
    p.kind === 'threads' ||
    p.kind === 'word' ||
    ((p.kind === 'num' || p.kind === 'ref' || p.kind === 'enum') && p.default === undefined)
  );
}

/** All verbs side by side rather than as alternatives: messages and completion then speak of the verb written. */
function stepSchema(): Json {
  const reports = [...new Set(VERB_NAMES.flatMap((name) => verb(name).reports))];
  const outcome: Json = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries([
      ['errno', { $ref: '#/$defs/errno' }],
      [
        'one_of',
        {
          description: 'Any of these: in and after a parallel, whose outcome may depend on who came first.',
          ...arraysOf({ $ref: '#/$defs/expect' }, 8),
          minItems: 2,
        },
      ],
      ...reports.map((r) => [r, r === 'fault' ? { $ref: '#/$defs/fault' } : expr]),
      ...[...ARCHES, ...PROFILES.map((p) => p.id)].map((key) => [key, { $ref: '#/$defs/expect' }]),
    ]),
    patternProperties: { [ORDINALS]: { $ref: '#/$defs/expect' } },
  };
  return {
    expect: { description: 'What must come out, as it is or by architecture or by profile.', ...outcome },
    step: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 2,
      properties: {
        ...Object.fromEntries(VERB_NAMES.map((name) => [name, verbSchema(name)])),
        expect: { $ref: '#/$defs/expect' },
        each: {
          description: 'Repeat the steps beside it with a variable set; not a verb.',
          type: 'object',
          minProperties: 1,
          maxProperties: 1,
          propertyNames: { pattern: NAME },
          additionalProperties: { type: 'string', pattern: EACH },
        },
        steps: {
          description: 'What `each` repeats.',
          ...arraysOf({ $ref: '#/$defs/step' }, 64),
          minItems: 1,
        },
      },
      dependencies: { each: ['steps'], steps: ['each'] },
    },
  };
}

function verbSchema(name: VerbName): Json {
  const v = verb(name);
  const params = Object.entries(v.params);
  const full: Json = {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(params.map(([k, p]) => [k, paramSchema(p)])),
    required: params.filter(([, p]) => required(p)).map(([k]) => k),
  };
  const primary = v.primary === undefined ? undefined : v.params[v.primary];
  if (!primary) return { description: v.about, ...full };
  // A list of threads stands for itself, as a scalar does for what takes one.
  const scalar = primary.kind === 'threads' ? { type: 'array' } : { type: ['string', 'number', 'boolean'] };
  return { description: v.about, if: scalar, then: paramSchema(primary), else: full };
}

/** The JSON Schema of a suite file, made from the verb table; suites/schema.json is its printed form. */
export function suiteSchema(): Json {
  const step = { $ref: '#/$defs/step' };
  const list = (about: string, max = 32): Json => ({
    description: about,
    ...arraysOf({ type: 'string', maxLength: 300 }, max),
  });
  const times = (description: string): Json => ({ description, type: 'integer', minimum: 1, maximum: 1000 });
  const testCase: Json = {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'about', 'steps'],
    properties: {
      id: {
        description: 'Unique within the suite, stable for years.',
        type: 'string',
        pattern: ID,
        maxLength: 60,
      },
      about: { description: 'The expectation in one sentence.', type: 'string', maxLength: 400 },
      source: list('Where the rule comes from.'),
      requires: list('Feature ids of features.yaml.'),
      rules: list("Rule ids of rules.yaml that it holds the kernel to, beside the suite's."),
      arch: {
        description: 'Architectures it holds for; others skip.',
        ...arraysOf({ enum: [...ARCHES] }, 8),
      },
      profiles: {
        description: 'Profiles it holds for; others skip.',
        ...arraysOf(profileKey, 16),
      },
      matrix: {
        description: 'Variables and their values; one point for each combination.',
        type: 'object',
        maxProperties: 4,
        propertyNames: { pattern: NAME },
        additionalProperties: {
          if: { type: 'string' },
          then: { pattern: RANGE },
          else: arraysOf(expr, 256),
        },
      },
      table: {
        description: 'Rows with a name; one point for each, columns as variables.',
        type: 'array',
        maxItems: 256,
        items: {
          type: 'object',
          required: ['name'],
          propertyNames: { pattern: NAME },
          properties: { name: { type: 'string', pattern: ID, maxLength: 60 } },
          additionalProperties: expr,
        },
      },
      fixture: { description: "Steps before the steps, instead of the suite's.", ...arraysOf(step, 64) },
      times: times("How often the steps run after one fixture, instead of the suite's."),
      steps: { description: 'What the case does.', ...arraysOf(step, 128), minItems: 1 },
      xfail: {
        description: 'Known to fail: runs, and a pass is an error of the suite.',
        type: 'object',
        required: ['reason'],
        additionalProperties: false,
        properties: {
          reason: { type: 'string', maxLength: 300 },
          arch: arraysOf({ enum: [...ARCHES] }, 8),
          profiles: arraysOf(profileKey, 16),
        },
      },
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'gmemcheck suite',
    type: 'object',
    additionalProperties: false,
    required: ['suite', 'about', 'cases'],
    properties: {
      suite: {
        description: 'Area and name, as the file path.',
        type: 'string',
        pattern: SUITE,
      },
      about: { description: 'What the suite holds the kernel to.', type: 'string', maxLength: 400 },
      source: list('Kernel files, message-ids.'),
      requires: list('Feature ids that every case needs.'),
      rules: list('Rule ids of rules.yaml that every case holds the kernel to.'),
      arch: { description: 'Architectures all cases hold for.', ...arraysOf({ enum: [...ARCHES] }, 8) },
      profiles: {
        description: 'Profiles all cases hold for.',
        ...arraysOf(profileKey, 16),
      },
      fixture: { description: 'Steps before the steps of every case.', ...arraysOf(step, 64) },
      times: times('How often the steps of every case run after one fixture: they end as they began.'),
      cases: { ...arraysOf(testCase, 256), minItems: 1 },
    },
    $defs: {
      expr: {
        description: 'A number, or arithmetic over named constants and $variables.',
        type: ['integer', 'string'],
        minLength: 1,
        maxLength: 200,
      },
      errno: orVariable({ enum: [0, ...errnoNames] }),
      fault: orVariable({ enum: ['SIGBUS', 'SIGSEGV', 'none'] }),
      ...stepSchema(),
    },
  };
}
