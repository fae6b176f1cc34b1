// SPDX-License-Identifier: GPL-2.0-only
import type { ValidateFunction } from 'ajv';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { CaseError, CaseErrors } from './case-error.js';
import { readSource } from './source.js';
import type { Source } from './source.js';
import { compileSchema, validate } from './validate.js';

/** A record of suites/rules.yaml: one checkable sentence about the kernel. */
export interface Rule {
  /** `gmem.attr.eagain-first-offender`: area and name. */
  id: string;
  statement: string;
  /** Kernel files, commits, message-ids. */
  source: readonly string[];
  /** Profiles it holds for, as written: ordinals and ranges of them. */
  profiles: readonly string[];
  /** Architectures it holds for; all when not given. */
  arch?: readonly Arch[];
  /**
   * The model of the specification relies on it, and it is no rule of the interface under test: how memory,
   * descriptors and processes work everywhere. No case has to hold it.
   */
  assumed?: true;
  /** Why no emulated machine can show it, and the case that runs where it can be shown. */
  unreachable?: { why: string; case: string };
}

/** Rules in file order, and where each was written. */
export interface RuleBook {
  rules: readonly Rule[];
  source: Source;
}

const text = { type: 'string', minLength: 1, maxLength: 400 };
const list = (items: object): object => ({ type: 'array', minItems: 1, maxItems: 8, items });
const SCHEMA = {
  type: 'object',
  required: ['rules'],
  additionalProperties: false,
  properties: {
    rules: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'statement', 'source', 'profiles'],
        additionalProperties: false,
        properties: {
          id: { type: 'string', pattern: '^[a-z0-9]+(\\.[a-z0-9][a-z0-9-]*){2}$' },
          statement: text,
          source: list(text),
          profiles: list({ type: 'string' }),
          arch: list({ enum: [...ARCHES] }),
          assumed: { const: true },
          unreachable: {
            type: 'object',
            required: ['why', 'case'],
            additionalProperties: false,
            properties: { why: text, case: text },
          },
        },
      },
    },
  },
};

let compiled: ValidateFunction | undefined;

/** Read rules.yaml. @throws CaseErrors with every problem */
export function loadRules(path: string): RuleBook {
  const source = readSource(path);
  compiled ??= compileSchema(SCHEMA);
  const errors = validate(source, compiled);
  if (errors.length > 0) throw new CaseErrors(errors);
  const { rules } = source.data as { rules: Rule[] };
  const problems = rules.flatMap((rule, i) => [
    ...misplaced(rules, i, source),
    ...emptyKeys(rule, i, source),
  ]);
  if (problems.length > 0) throw new CaseErrors(problems);
  return { rules, source };
}

/** The profiles that a rule holds for, oldest first. */
export function profilesOfRule(rule: Rule): readonly Profile[] {
  return [...new Set(rule.profiles.flatMap(profilesOf))].sort((a, b) => a.dialect - b.dialect);
}

/** Sorted, so that a rule has one place and two people add it there. */
function misplaced(rules: readonly Rule[], i: number, source: Source): CaseError[] {
  const [before = '', id = ''] = [rules[i - 1]?.id, rules[i]?.id];
  if (before < id) return [];
  const problem =
    before === id ? `expected distinct ids, got '${id}' twice` : `expected '${id}' before '${before}'`;
  return [new CaseError(source.place(['rules', i, 'id']), problem)];
}

function emptyKeys(rule: Rule, i: number, source: Source): CaseError[] {
  return rule.profiles.flatMap((key, k) =>
    profilesOf(key).length > 0
      ? []
      : [new CaseError(source.place(['rules', i, 'profiles', k]), `expected profiles, '${key}' names none`)],
  );
}
