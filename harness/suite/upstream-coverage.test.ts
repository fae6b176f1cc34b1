// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../kernels/build/root.js';
import { SUITES } from '../cli/paths.js';
import { loadSuites } from './load.js';

/** The rows of all tables of the document: name, what is checked, what is here. */
function rows(): string[][] {
  return readFileSync(packagePath('docs', 'upstream-coverage.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:-+|upstream) /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
}

describe('docs/upstream-coverage.md', () => {
  const known = new Set(
    loadSuites([SUITES]).flatMap(({ raw }) => [raw.suite, ...raw.cases.map((c) => `${raw.suite}/${c.id}`)]),
  );

  it('names suites and cases that exist', () => {
    const named = rows().flatMap(([, , here = '']) =>
      [...here.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  });

  it('says of every test of upstream what it checks and where that is here', () => {
    for (const row of rows()) {
      expect(row).toHaveLength(3);
      expect(
        row.every((cell) => cell !== ''),
        row.join(' | '),
      ).toBe(true);
    }
  });
});
