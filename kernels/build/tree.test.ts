// SPDX-License-Identifier: GPL-2.0-only
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Patch } from './patches.js';
import { BUILD_PREFIX, patchedTree } from './tree.js';
import { hasPatch } from './tree.test-helper.js';

let directory = '';
let pristine = '';
let tree = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-tree-'));
  pristine = join(directory, 'pristine');
  tree = join(directory, 'trees', 't');
  mkdirSync(join(pristine, 'virt'), { recursive: true });
  mkdirSync(join(pristine, `${BUILD_PREFIX}other`));
  for (const name of ['a.c', 'b.c', 'c.c']) {
    writeFileSync(join(pristine, 'virt', name), `${name}\nx\n`);
    utimesSync(join(pristine, 'virt', name), 1000, 1000);
  }
});
afterEach(() => rmSync(directory, { recursive: true }));

const set = (file: string, to: string): Patch => ({
  name: file,
  text: `--- a/virt/${file}\n+++ b/virt/${file}\n@@ -1,2 +1,2 @@\n ${file}\n-x\n+${to}\n`,
});
const add = (file: string): Patch => ({
  name: file,
  text: `--- /dev/null\n+++ b/new/${file}\n@@ -0,0 +1 @@\n+x\n`,
});
const make = (source: string, ...patches: Patch[]): Promise<void> =>
  patchedTree(pristine, source, patches, tree, () => undefined);
const read = (name: string): string => readFileSync(join(tree, name), 'utf8');
const time = (name: string): number => statSync(join(tree, name)).mtimeMs;

describe.skipIf(!hasPatch)('patchedTree (needs patch)', () => {
  it('copies the source without what was built in it, applies, and leaves the source alone', async () => {
    await make('s', set('a.c', '1'), add('n.c'));
    expect(read('virt/a.c')).toBe('a.c\n1\n');
    expect(read('new/n.c')).toBe('x\n');
    expect(existsSync(join(tree, `${BUILD_PREFIX}other`))).toBe(false);
    expect(readFileSync(join(pristine, 'virt/a.c'), 'utf8')).toBe('a.c\nx\n');
    expect(existsSync(join(pristine, 'new'))).toBe(false);
  });
  it('writes only what another series changes, and takes back what it does not', async () => {
    await make('s', set('a.c', '1'), set('b.c', '1'), add('n.c'));
    mkdirSync(join(tree, `${BUILD_PREFIX}x`));
    utimesSync(join(tree, 'virt/a.c'), 2000, 2000);
    await make('s', set('a.c', '1'), set('c.c', '1'));
    expect([read('virt/a.c'), read('virt/b.c'), read('virt/c.c')]).toEqual([
      'a.c\n1\n',
      'b.c\nx\n',
      'c.c\n1\n',
    ]);
    expect(existsSync(join(tree, 'new/n.c'))).toBe(false);
    expect(time('virt/a.c')).toBe(2_000_000);
    expect(time('virt/b.c')).toBeGreaterThan(2_000_000); // newer than its object
    expect(existsSync(join(tree, `${BUILD_PREFIX}x`))).toBe(true);
  });
  it('is made anew for another source, and after an interruption', async () => {
    await make('s', set('a.c', '1'));
    writeFileSync(join(tree, 'stray'), '');
    await make('s2', set('a.c', '1'));
    expect(existsSync(join(tree, 'stray'))).toBe(false);
    writeFileSync(join(tree, 'stray'), '');
    rmSync(`${tree}.json`);
    await make('s2', set('a.c', '1'));
    expect(existsSync(join(tree, 'stray'))).toBe(false);
  });
  it('stays what it was when a patch does not apply', async () => {
    await make('s', set('a.c', '1'));
    await expect(make('s', set('b.c', '1'), set('b.c', '2'))).rejects.toThrow('does not apply to s');
    expect(read('virt/b.c')).toBe('b.c\nx\n');
    await make('s', set('a.c', '1'));
    expect(read('virt/a.c')).toBe('a.c\n1\n');
  });
});
