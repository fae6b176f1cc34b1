// SPDX-License-Identifier: GPL-2.0-only
import type { ValidateFunction } from 'ajv';
import { CaseError, CaseErrors } from '../suite/case-error.js';
import { readSource } from '../suite/source.js';
import { compileSchema, validate } from '../suite/validate.js';
import type { Score } from './scoreboard.js';

/** Mutants that nothing can tell from the contract, and why. */
export interface Equivalents {
  /** The argument for a mutant, undefined when there is none. */
  why(id: string): string | undefined;
  /** Records that no survivor needs any more. */
  stale(survivors: readonly string[]): CaseError[];
}

interface Entry {
  /** Ids, or patterns with `*`. */
  mutants: readonly string[];
  why: string;
}

const text = { type: 'string', minLength: 1, maxLength: 400 };
const SCHEMA = {
  type: 'object',
  required: ['equivalent'],
  additionalProperties: false,
  properties: {
    equivalent: {
      type: 'array',
      items: {
        type: 'object',
        required: ['mutants', 'why'],
        additionalProperties: false,
        properties: { mutants: { type: 'array', minItems: 1, items: text }, why: text },
      },
    },
  },
};
let compiled: ValidateFunction | undefined;

/** Read results/mutation/equivalent.yaml. @throws CaseErrors with every problem */
export function readEquivalents(path: string): Equivalents {
  const source = readSource(path);
  compiled ??= compileSchema(SCHEMA);
  const errors = validate(source, compiled);
  if (errors.length > 0) throw new CaseErrors(errors);
  const { equivalent } = source.data as { equivalent: Entry[] };
  const entries = equivalent.map(({ mutants, why }, entry) => ({
    why,
    patterns: mutants.map((pattern, i) => ({
      pattern,
      matches: matcher(pattern),
      path: ['equivalent', entry, 'mutants', i],
    })),
  }));
  return {
    why: (id) => entries.find((e) => e.patterns.some((p) => p.matches(id)))?.why,
    stale: (survivors) =>
      entries.flatMap((e) =>
        e.patterns
          .filter((p) => !survivors.some(p.matches))
          .map(
            (p) => new CaseError(source.place(p.path), `expected a mutant that survives, got '${p.pattern}'`),
          ),
      ),
  };
}

function matcher(pattern: string): (id: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  const re = new RegExp(`^${parts.join('.*')}$`);
  return (id) => re.test(id);
}

/** The scores with survivors that were argued about called equivalent. */
export function argued(scores: readonly Score[], equivalents: Equivalents): Score[] {
  return scores.map((score) => {
    const why = score.verdict === 'survived' ? equivalents.why(score.id) : undefined;
    return why === undefined ? score : { ...score, verdict: 'equivalent', why };
  });
}
