// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareWithReference, hasReference, referenceDir, writeReference } from './reference.js';

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gmemcheck-reference-'));
  directory = referenceDir(root, 'mainline-7.3', 'x86_64');
});
afterEach(() => rmSync(root, { recursive: true }));

function tap(points: string[], release = '7.3.4'): string {
  const body = points.map((point, index) => `    ok ${index + 1} - ${point}`);
  const header = ['TAP version 14', 'pragma +strict', '# target: host', `# kernel: ${release}`];
  return [...header, '# Subtest: a', ...body, `    1..${points.length}`, 'ok 1 - a', '', '1..1', ''].join(
    '\n',
  );
}

const reference = (text: string): Promise<void> =>
  writeReference(directory, { tap: text, ktap: 'KTAP version 1\n', environment: '{}\n' });

describe('compareWithReference', () => {
  it('finds no difference in what only differs in its header', async () => {
    await reference(tap(['x', 'y']));
    expect(await compareWithReference(directory, tap(['x', 'y'], '7.3.9'))).toBeUndefined();
  });

  it('shows a changed point as a unified diff', async () => {
    await reference(tap(['x', 'y', 'z']));
    const diff = await compareWithReference(directory, tap(['x', 'y # SKIP feature:fork', 'z']));
    expect(diff?.split('\n')).toEqual([
      '--- reference',
      '+++ this run',
      '@@ -1,5 +1,5 @@',
      ' # Subtest: a',
      '     ok - x',
      '-    ok - y',
      '+    ok - y # SKIP feature:fork',
      '     ok - z',
      '     1..3',
    ]);
  });

  it('shows an added point alone, though it renumbers those after it', async () => {
    await reference(tap(['x', 'y', 'z']));
    const diff = await compareWithReference(directory, tap(['w', 'x', 'y', 'z']));
    expect(diff?.split('\n').filter((line) => /^[+-] /.test(line))).toEqual([
      '+    ok - w',
      '-    1..3',
      '+    1..4',
    ]);
  });

  it('cuts a long diff and counts the rest', async () => {
    const points = Array.from({ length: 200 }, (_, n) => `case-${n}`);
    await reference(tap(points));
    const lines = (await compareWithReference(directory, tap(points.map((name) => `${name}!`))))?.split('\n');
    expect(lines).toHaveLength(81);
    expect(lines?.at(-1)).toMatch(/^… and \d{3} more changed lines$/);
  });

  it('gives up, quickly, on reports that have little in common', async () => {
    const points = Array.from({ length: 6000 }, (_, n) => `case-${n}`);
    await reference(tap(points));
    const diff = await compareWithReference(directory, tap(points.map((name) => `${name}!`)));
    expect(diff).toMatch(/^The report has 6005 lines, its reference 6005, and over 4000 differ$/);
  });

  it('says when there is no reference', async () => {
    expect(await hasReference(directory)).toBe(false);
    await expect(compareWithReference(directory, tap(['x']))).rejects.toThrow(
      'Expected a reference report in',
    );
  });
});

describe('writeReference', () => {
  it('leaves exactly the three files, replacing older ones', async () => {
    await reference(tap(['x']));
    await reference(tap(['y']));
    expect(readdirSync(directory).sort()).toEqual(['environment.json', 'report.ktap', 'report.tap']);
    expect(readFileSync(join(directory, 'report.tap'), 'utf8')).toBe(tap(['y']));
    expect(await hasReference(directory)).toBe(true);
  });
});
