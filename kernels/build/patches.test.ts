// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { applyPatches, patchHashes, touchedFiles } from './patches.js';
import { hasPatch } from './tree.test-helper.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-patches-'));
  mkdirSync(join(directory, 'virt'));
  writeFileSync(join(directory, 'virt', 'a.c'), 'zero\none\ntwo\nthree\nfour\nfive\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

const hunk = (at: number, before: string, from: string, to: string, after: string): string =>
  `@@ -${at},3 +${at},3 @@\n ${before}\n-${from}\n+${to}\n ${after}\n`;
const change = (file: string, ...hunks: string[]): string =>
  `--- a/${file}\n+++ b/${file}\n${hunks.join('')}`;
const good = {
  name: 'good.patch',
  text: `Subject: why\n\n${change('virt/a.c', hunk(12, 'one', 'two', '2', 'three'))}`,
};

describe('touchedFiles', () => {
  it('are those of headers, renames and new files', () => {
    const text = `--- /dev/null\n+++ b/new.c\n@@ -0,0 +1 @@\n+x\n${change('virt/a.c', '')}rename from x/y\nrename to x/z\n`;
    expect(touchedFiles({ name: 'p', text })).toEqual(['new.c', 'virt/a.c', 'x/y', 'x/z']);
  });
  it('must be some, and inside the tree', () => {
    expect(() => touchedFiles({ name: 'p', text: 'words' })).toThrow('p: expected a unified diff');
    const outside = change('../../etc/passwd', hunk(1, 'a', 'b', 'c', 'd'));
    expect(() => touchedFiles({ name: 'p', text: outside })).toThrow('inside the source tree');
  });
});

describe.skipIf(!hasPatch)('applyPatches (needs patch)', () => {
  const apply = (...patches: { name: string; text: string }[]): Promise<void> =>
    applyPatches(directory, patches, 'linux 7.3');
  it('applies one after the other, wherever the lines are now', async () => {
    await apply(good, { name: 'next', text: change('virt/a.c', hunk(1, '2', 'three', '3', 'four')) });
    expect(readFileSync(join(directory, 'virt', 'a.c'), 'utf8')).toBe('zero\none\n2\n3\nfour\nfive\n');
  });
  it.each([
    [
      'a hunk',
      change('virt/a.c', hunk(2, 'zero', 'one', '1', '2'), hunk(4, 'three', 'FOUR', '4', 'five')),
      'virt/a.c, hunk 2',
    ],
    [
      'context',
      change('virt/a.c', hunk(2, 'ZERO', 'one', '1', '2')),
      'virt/a.c, hunk 1 (line 2) does not match',
    ],
    ['a file', change('virt/b.c', hunk(2, 'zero', 'one', '1', '2')), 'virt/b.c'],
  ])('names the patch, the file and the hunk when %s is not there', async (_what, text, place) => {
    const error = await apply(good, { name: 'bad.patch', text: text }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TargetError);
    expect((error as Error).message).toMatch(/^bad\.patch does not apply to linux 7\.3: /);
    expect((error as Error).message).toContain(place);
    expect((error as Error).message.split('\n')).toHaveLength(1);
  });
  it('refuses to apply the same twice', async () => {
    await expect(apply(good, good)).rejects.toThrow(/good\.patch does not apply .*virt\/a\.c/);
  });
});

it('hashes contents in order, not names', () => {
  expect(patchHashes([good])).toEqual(patchHashes([{ ...good, name: 'other' }]));
  expect(patchHashes([good])).not.toEqual(patchHashes([{ ...good, text: `${good.text}\n` }]));
});
