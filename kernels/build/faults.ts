// SPDX-License-Identifier: GPL-2.0-only
import type { JSONSchemaType } from 'ajv';
import { CaseError } from '../../harness/suite/case-error.js';
import { readSource } from '../../harness/suite/source.js';
import { readRecord } from './record.js';
import { packagePath } from './root.js';

/** What a fault needs to be seen beyond a program of one thread on one CPU. */
export type FaultNeed = 'threads' | 'cpus';

/** Something that the kernel of recipe `reference-7.3-faults` does wrong when it is told to. */
export interface Fault {
  /** Stable: reports name it. */
  id: string;
  /** The word of the command line is `kvm.gmem_fault=N`. Stable, too. */
  n: number;
  area: string;
  /** What the kernel does, in one sentence. */
  about: string;
  /** The dialect that shows it, a word of the recipe's; none: the default one. */
  dialect?: string;
  /** Position of the recipe's switch in which it shows; none: on. */
  inPlace?: 'off';
  needs?: FaultNeed[];
  /** Where somebody made this mistake; `own` for what we thought of. */
  source: string;
  /** Why no test can tell this kernel from a right one. */
  equivalent?: string;
}

/** A mistake that reviewers of the series found (section 8 of the contract), and what became of it here. */
export interface Reviewed {
  entry: number;
  faults?: string[];
  /** Why there is no fault for it, or for part of it. */
  not?: string;
}

interface FaultFile {
  faults: Fault[];
  reviewed: Reviewed[];
}

const word = { type: 'string', pattern: '^[a-z0-9]+(?:-[a-z0-9]+)*$' } as const;
const text = { type: 'string', minLength: 1 } as const;
const positive = { type: 'integer', minimum: 1 } as const;

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['faults', 'reviewed'],
  properties: {
    faults: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'n', 'area', 'about', 'source'],
        properties: {
          id: word,
          n: positive,
          area: word,
          about: text,
          dialect: word,
          inPlace: { type: 'string', const: 'off' },
          needs: { type: 'array', minItems: 1, items: { type: 'string', enum: ['threads', 'cpus'] } },
          source: text,
          equivalent: text,
        },
      },
    },
    reviewed: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['entry'],
        properties: { entry: positive, faults: { type: 'array', minItems: 1, items: word }, not: text },
      },
    },
  },
} as unknown as JSONSchemaType<FaultFile>;

/** The shipped list. */
export const FAULTS_FILE = packagePath('kernels', 'patches', 'faults', 'faults.yaml');

/** The first thing that the schema cannot say and that is wrong: where, and what. */
function problemOf({ faults, reviewed }: FaultFile): [(string | number)[], string] | undefined {
  const ids = new Set<string>();
  for (const [index, { id, n }] of faults.entries()) {
    if (ids.has(id)) return [['faults', index, 'id'], `expected another id: '${id}' is taken`];
    ids.add(id);
    const before = faults[index - 1];
    if (before && before.n >= n)
      return [['faults', index, 'n'], `expected a number above ${before.n}: the list is sorted`];
  }
  for (const [index, { faults: named = [], not }] of reviewed.entries()) {
    const unknown = named.find((id) => !ids.has(id));
    if (unknown !== undefined) return [['reviewed', index], `expected the id of a fault, got '${unknown}'`];
    if (named.length === 0 && not === undefined)
      return [['reviewed', index], 'expected faults, or a reason why there are none'];
  }
  return undefined;
}

function readFaultFile(path: string, shown: string): FaultFile {
  const file = readRecord(path, schema, shown);
  const problem = problemOf(file);
  if (problem) throw new CaseError(readSource(path, shown).place(problem[0]), problem[1]);
  return file;
}

/**
 * The faults that can be seeded, in the order of their numbers.
 *
 * @throws CaseError with file, line and column when the list is not valid.
 */
export function loadFaults(path = FAULTS_FILE, shown = 'kernels/patches/faults/faults.yaml'): Fault[] {
  return readFaultFile(path, shown).faults;
}

/** What reviewers found, in their order. @throws CaseError like {@link loadFaults}. */
export function loadReviewed(path = FAULTS_FILE, shown = 'kernels/patches/faults/faults.yaml'): Reviewed[] {
  return readFaultFile(path, shown).reviewed;
}

/** Words of the kernel command line that give a kernel this fault. */
export function faultWords({ n }: Pick<Fault, 'n'>): string[] {
  return [`kvm.gmem_fault=${n}`];
}
