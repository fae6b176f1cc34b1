// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CaseErrors } from './case-error.js';
import { findSuites, loadSuites } from './load.js';

const suite = (name: string): string =>
  `suite: ${name}\nabout: A.\ncases:\n  - { id: c, about: A., steps: [{ create_vm: default }] }\n`;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gmemcheck-load-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function put(name: string, text: string | Uint8Array): string {
  mkdirSync(join(dir, name, '..'), { recursive: true });
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

/** Messages of a load that must fail, without the temporary directory. */
function problems(...paths: string[]): string[] {
  try {
    loadSuites(paths);
  } catch (e) {
    if (!(e instanceof CaseErrors)) throw e;
    return e.errors.map((error) => error.message.replaceAll(`${dir}/`, '').replaceAll(dir, 'DIR'));
  }
  throw new Error('expected the files to be rejected');
}

describe('findSuites', () => {
  it('finds YAML files at any depth, sorted, and leaves the list of features out', () => {
    for (const name of ['b/z.yaml', 'b/a.yaml', 'a.yaml', 'features.yaml', 'schema.json', 'c.yaml.orig'])
      put(name, '');
    expect(findSuites(dir)).toEqual(['a.yaml', 'b/a.yaml', 'b/z.yaml'].map((name) => join(dir, name)));
  });
});

describe('loadSuites', () => {
  it('keeps what a file says', () => {
    const [loaded] = loadSuites([put('a.yaml', suite('a/b'))]);
    expect(loaded?.raw).toMatchObject({
      suite: 'a/b',
      cases: [{ id: 'c', steps: [{ create_vm: 'default' }] }],
    });
  });

  it('reads every integer exactly', () => {
    const text = suite('a/b').replace('default', '{ raw: 0xffffffffffffffff }');
    const [loaded] = loadSuites([put('a.yaml', text)]);
    expect(loaded?.raw.cases[0]?.steps).toEqual([{ create_vm: { raw: (1n << 64n) - 1n } }]);
  });

  it('reports the problems of all files, not of the first only', () => {
    put('a.yaml', 'suite: 1');
    put('b.yaml', 'suite: [');
    put('c.yaml', suite('a/b'));
    expect(problems(dir).map((m) => m.split(':')[0])).toEqual(['a.yaml', 'a.yaml', 'b.yaml']);
  });

  it('refuses two suites of one name', () => {
    put('a.yaml', suite('a/b'));
    put('b.yaml', suite('a/b'));
    expect(problems(dir)).toEqual([
      `b.yaml:1:8: expected a unique suite name, 'a/b' is also in ${dir}/a.yaml`.replaceAll(`${dir}/`, '') +
        '\n1 | suite: a/b\n           ^',
    ]);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'a missing file',
      () => join(dir, 'no.yaml'),
      /^no\.yaml:1:1: expected a suite file or a directory of them: ENOENT/,
    ],
    [
      'a file of another kind',
      () => put('a.txt', suite('a/b')),
      /^a\.txt:1:1: .*neither a directory nor a \.yaml file$/,
    ],
    [
      'a directory without suites',
      () => dir,
      /^DIR:1:1: expected suite files \(\*\.yaml\) in this directory, found none$/,
    ],
    [
      'bytes that are no text',
      () => put('a.yaml', new Uint8Array([0x73, 0xff, 0xfe, 0x00, 0x80])),
      /^a\.yaml:1:1: expected a text file in UTF-8$/,
    ],
    [
      'a directory called like a file',
      () => join(put('x.yaml/.keep', ''), '..'),
      /^x\.yaml:1:1: expected suite files/,
    ],
  ])('refuses %s in one line', (_what, make, message) => {
    expect(problems(make())).toEqual([expect.stringMatching(message)]);
  });
});
