// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync, statSync } from 'node:fs';
import { isAlias, isCollection, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { CaseError } from './case-error.js';
import type { Place } from './case-error.js';

/** A key or index on the way from the root of a document to a node. */
export type Path = readonly (string | number)[];

/** A parsed YAML file that still knows where everything was written. */
export interface Source {
  file: string;
  /** Plain data; every integer is a bigint. */
  data: unknown;
  /** The place of the node at `path`, or of its closest existing ancestor. */
  place(path: Path, column?: number): Place;
}

const MAX_BYTES = 512 * 1024;
const MAX_DEPTH = 24;

/**
 * Parse YAML 1.2 restricted to plain data: no anchors, aliases or tags, no duplicate keys, one document.
 * @param file name for messages
 * @throws CaseError with file, line and column
 */
export function parseSource(file: string, text: string): Source {
  const counter = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    const start = counter.lineStarts[line - 1] ?? 0;
    const end = text.indexOf('\n', start);
    return { file, line, column: col, text: text.slice(start, end < 0 ? undefined : end) };
  };
  if (text.length > MAX_BYTES) {
    throw new CaseError(
      { file, line: 1, column: 1, text: '' },
      `expected at most ${MAX_BYTES} bytes, got ${text.length}`,
    );
  }
  const doc = parse(text, counter, file);
  const problem = doc.errors[0] ?? doc.warnings[0];
  if (problem)
    throw new CaseError(at(problem.pos[0]), problem.message.split(' at line ')[0] ?? problem.message);
  refuseCleverness(doc, at);
  return { file, data: doc.toJS() as unknown, place: (path, column) => at(find(doc, path) + (column ?? 0)) };
}

/** Parse a file from disk. @throws CaseError also when it cannot be read */
export function readSource(path: string, shown = path): Source {
  const nowhere = { file: shown, line: 1, column: 1, text: '' };
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw new CaseError(nowhere, `expected at most ${MAX_BYTES} bytes, got ${size}`);
    text = readFileSync(path, 'utf8');
  } catch (e) {
    if (e instanceof CaseError) throw e;
    throw new CaseError(nowhere, `cannot be read: ${(e as Error).message}`);
  }
  return parseSource(shown, text);
}

function parse(text: string, lineCounter: LineCounter, file: string): Document {
  try {
    return parseDocument(text, {
      version: '1.2',
      intAsBigInt: true,
      lineCounter,
      uniqueKeys: true,
      stringKeys: true,
    });
  } catch (e) {
    // The composer overflows the stack on absurd nesting; that is bad input like any other.
    throw new CaseError({ file, line: 1, column: 1, text: '' }, `not YAML: ${(e as Error).message}`);
  }
}

/** Anchors, aliases and tags would let a small file mean something else than it shows. */
function refuseCleverness(doc: Document, at: (offset: number) => Place): void {
  visit(doc, {
    Node(_key, node, ancestors) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) throw new CaseError(at(offset), 'aliases are not allowed in a case file');
      if (node.anchor !== undefined)
        throw new CaseError(at(offset), 'anchors are not allowed in a case file');
      if (node.tag !== undefined)
        throw new CaseError(at(offset), `tags are not allowed in a case file, got '${node.tag}'`);
      if (ancestors.length > 2 * MAX_DEPTH)
        throw new CaseError(at(offset), `expected at most ${MAX_DEPTH} levels of nesting`);
    },
  });
}

function find(doc: Document, path: Path): number {
  let node: unknown = doc.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    if (!isCollection(node)) break;
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
    node =
      pair !== undefined && isPair(pair)
        ? (pair.value ?? pair.key)
        : typeof key === 'number'
          ? node.items[key]
          : undefined;
    if (!isNode(node)) break;
    offset = node.range?.[0] ?? offset;
  }
  return offset;
}
