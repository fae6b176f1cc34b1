// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync, statSync } from 'node:fs';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Pair, YAMLError } from 'yaml';
import { CaseError } from './case-error.js';
import type { Place } from './case-error.js';

/** A key or index on the way from the root of a document to a node. */
export type Path = readonly (string | number)[];

/** A parsed YAML file that still knows where everything was written. */
export interface Source {
  file: string;
  text: string;
  /** Plain data; every integer is a bigint. */
  data: unknown;
  /**
   * The place of the node at `path`, or of its closest existing ancestor.
   * @param column 0-based, in the text of a scalar; ignored where that is not written on one line as it is
   */
  place(path: Path, column?: number): Place;
  /** The place of the key at `path`, for problems of the key rather than of its value. */
  keyPlace(path: Path): Place;
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
    return {
      file,
      line,
      column: col,
      text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, ''),
    };
  };
  if (text.length > MAX_BYTES) {
    throw new CaseError(
      { file, line: 1, column: 1, text: '' },
      `expected at most ${MAX_BYTES} bytes, got ${text.length}`,
    );
  }
  const doc = parse(text, counter, file);
  const problem = doc.errors[0] ?? doc.warnings[0];
  if (problem) {
    // What is missing at the end of the file is shown where the text ends.
    const end = Math.max(0, text.trimEnd().length);
    throw new CaseError(at(Math.min(problem.pos[0], end)), wording(problem));
  }
  refuseCleverness(doc, at);
  const place = (path: Path, column = 0): Place => {
    const { node, offset } = find(doc, path);
    return at(offset + (column > 0 ? columnShift(node, column) : 0));
  };
  const keyPlace = (path: Path): Place => {
    const pair = pairOf(find(doc, path.slice(0, -1)).node, path.at(-1));
    return isNode(pair?.key) && pair.key.range ? at(pair.key.range[0]) : place(path);
  };
  return { file, text, data: plain(doc, at), place, keyPlace };
}

/** Plain data of a document. A node that the composer accepted and cannot convert is bad input too. */
function plain(doc: Document, at: (offset: number) => Place): unknown {
  try {
    return doc.toJS() as unknown;
  } catch (e) {
    throw new CaseError(at(0), `expected plain data: ${(e as Error).message}`);
  }
}

/** What the parser has to say, in words that do not speak of its programming interface. */
function wording({ code, message }: YAMLError): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'expected one document in a file, got another one';
    case 'DUPLICATE_KEY':
      return 'expected distinct keys, got this one twice';
    case 'NON_STRING_KEY':
      return 'expected a string as key';
    case 'TAG_RESOLVE_FAILED':
      return 'tags are not allowed in a case file';
    default:
      if (message.startsWith('Maximum call stack')) return `expected at most ${MAX_DEPTH} levels of nesting`;
      return `expected YAML: ${message.split(' at line ')[0] ?? message}`;
  }
}

/** How far into a scalar's source a column of its value is. */
function columnShift(node: unknown, column: number): number {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return 0;
  const [start, end] = node.range;
  switch (node.type) {
    case 'PLAIN':
      return end - start === node.value.length ? column : 0;
    case 'QUOTE_DOUBLE':
    case 'QUOTE_SINGLE':
      return end - start === node.value.length + 2 ? column + 1 : 0;
    default:
      return 0;
  }
}

/** Parse a file from disk. @throws CaseError also when it cannot be read */
export function readSource(path: string, shown = path): Source {
  const nowhere = { file: shown, line: 1, column: 1, text: '' };
  let text: string;
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw new CaseError(nowhere, `expected at most ${MAX_BYTES} bytes, got ${size}`);
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (e) {
    if (e instanceof CaseError) throw e;
    const { message } = e as Error;
    const utf8 = e instanceof TypeError && 'code' in e && e.code === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    throw new CaseError(
      nowhere,
      utf8 ? 'expected a text file in UTF-8' : `expected a readable file: ${message}`,
    );
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

type Items = readonly unknown[];

function pairOf(node: unknown, key: string | number | undefined): Pair | undefined {
  if (!isMap(node)) return undefined;
  return node.items.find((item) => isScalar(item.key) && item.key.value === key);
}

/** The node at a path, or its closest existing ancestor, and where it begins. */
function find(doc: Document, path: Path): { node: unknown; offset: number } {
  let node: unknown = doc.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const key of path) {
    const pair = pairOf(node, key);
    const items: Items = isSeq(node) ? node.items : [];
    const next = pair ? (pair.value ?? pair.key) : typeof key === 'number' ? items[key] : undefined;
    if (!isNode(next)) break;
    node = next;
    offset = next.range?.[0] ?? offset;
  }
  return { node, offset };
}
