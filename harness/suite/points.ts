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
    distinct(
      rows.map((row) => String(row['name'])),
      source,
      (i) => [...path, 'table', i, 'name'],
    );
    all = rows.map((row) => ({ words: [String(row['name'])], vars: row }));
  }
  for (const [name, given] of Object.entries(raw.matrix ?? {})) {
    if (raw.table?.some((row) => Object.hasOwn(row, name))) {
      throw new CaseError(
        source.keyPlace([...path, 'matrix', name]),
        `expected another name, the table has a column '${name}' too`,
      );
    }
    const values = typeof given === 'string' ? range(given, source, [...path, 'matrix', name]) : given;
    if (all.length * values.length > MAX_POINTS) {
      throw new CaseError(
        source.place([...path, 'matrix']),
        `expected at most ${MAX_POINTS} points, got ${all.length * values.length} or more`,
      );
    }
    const texts = values.map((v, i) => word(v, source, [...path, 'matrix', name, i]));
    distinct(texts, source, (i) => [...path, 'matrix', name, i]);
    all = all.flatMap((p) =>
      values.map((v, i) => ({
        words: [...p.words, `${name}=${texts[i] ?? ''}`],
        vars: { ...p.vars, [name]: v },
      })),
    );
  }
  if (all.length === 0)
    throw new CaseError(source.place(path), 'expected at least one point: the table or the matrix is empty');
  return all.map(({ words, vars }) => ({ suffix: words.length === 0 ? '' : `[${words.join(',')}]`, vars }));
}

/** A value as it stands in an id: without blanks, and without what separates the parts of an id. */
function word(value: Scalar, source: Source, path: Path): string {
  const text = String(value).replaceAll(/\s/g, '');
  if (!/^[\x21-\x7e]+$/.test(text) || /[#,[\]]/.test(text)) {
    throw new CaseError(
      source.place(path),
      `expected a value of letters, digits and signs other than # , [ ], as it becomes part of an id; got '${text}' (a table gives it a name)`,
    );
  }
  return text;
}

/** Refuse a word that occurs twice, at its second place: the ids of two points would be the same. */
function distinct(words: readonly string[], source: Source, where: (index: number) => Path): void {
  const seen = new Set<string>();
  words.forEach((w, i) => {
    if (seen.has(w))
      throw new CaseError(source.place(where(i)), `expected distinct points, got '${w}' twice`);
    seen.add(w);
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
