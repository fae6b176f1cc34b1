// SPDX-License-Identifier: GPL-2.0-only
import { CaseError } from './case-error.js';
import type { RawCase, Scalar } from './raw.js';
import type { Path, Source } from './source.js';

/** One combination of a case's variables. */
export interface Point {
  /** What follows the case id, e.g. `[no-mmap,bit=3]`; empty for a case without variables. */
  suffix: string;
  vars: Readonly<Record<string, Scalar>>;
}

const MAX_POINTS = 1024;

/**
 * The combinations of a case: rows of its table times the product of its matrix, in the order written.
 * @throws CaseError for empty or oversized products and repeated rows
 */
export function points(raw: RawCase, source: Source, path: Path): Point[] {
  let all: { words: string[]; vars: Record<string, Scalar> }[] = [{ words: [], vars: {} }];
  if (raw.table) {
    const rows = raw.table;
    all = rows.map((row) => ({ words: [String(row['name'])], vars: row }));
  }
  for (const [name, given] of Object.entries(raw.matrix ?? {})) {
    const values = typeof given === 'string' ? range(given, source, [...path, 'matrix', name]) : given;
    if (all.length * values.length > MAX_POINTS) {
      throw new CaseError(
        source.place([...path, 'matrix']),
        `expected at most ${MAX_POINTS} points, got ${all.length * values.length} or more`,
      );
    }
    all = all.flatMap((p) =>
      values.map((v) => ({
        words: [...p.words, `${name}=${String(v).replaceAll(/\s/g, '')}`],
        vars: { ...p.vars, [name]: v },
      })),
    );
  }
  if (all.length === 0)
    throw new CaseError(source.place(path), 'expected at least one point: the table or the matrix is empty');
  const seen = new Set<string>();
  return all.map(({ words, vars }) => {
    const suffix = words.length === 0 ? '' : `[${words.join(',')}]`;
    if (seen.has(suffix))
      throw new CaseError(source.place(path), `expected distinct points, got '${suffix}' twice`);
    seen.add(suffix);
    return { suffix, vars };
  });
}

function range(text: string, source: Source, path: Path): bigint[] {
  const [from = '0', to = '0'] = text.split('..');
  const first = BigInt(from);
  const count = BigInt(to) - first + 1n;
  if (count < 1n || count > BigInt(MAX_POINTS)) {
    throw new CaseError(source.place(path), `expected a range of 1 to ${MAX_POINTS} numbers, got '${text}'`);
  }
  return Array.from({ length: Number(count) }, (_, i) => first + BigInt(i));
}
