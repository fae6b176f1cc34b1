// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FEATURES, RULES } from '../cli/paths.js';
import { badCases } from './bad-cases.test-helper.js';
import { lint } from './lint.js';

const dir = mkdtempSync(join(tmpdir(), 'gmemcheck-bad-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** What `check` says of a file with this text, the directory left out. */
function messages(name: string, text: string): string {
  const file = join(dir, `${name}.yaml`);
  writeFileSync(file, text);
  const { errors } = lint([file], FEATURES, RULES);
  return errors.map((e) => e.message.replaceAll(`${dir}/`, '')).join('\n');
}

const themes = badCases();

describe.each([...themes])('a suite file with bad %s', (_theme, cases) => {
  it.each(cases.map((c): [string, typeof c] => [c.name, c]))(
    'is rejected: %s',
    (name, { text, rejected }) => {
      expect(messages(name, text)).toBe(rejected);
    },
  );
});

describe('the collection of bad inputs', () => {
  it('was read whole', () => {
    expect([...themes.keys()]).toEqual(['expectations', 'expressions', 'points', 'steps', 'suites', 'yaml']);
    expect([...themes.values()].flat().length).toBeGreaterThanOrEqual(100);
  });

  it('gives file, line, column and a caret in every message', () => {
    for (const { name, rejected } of [...themes.values()].flat()) {
      const lines = rejected.split('\n');
      expect(lines.length % 3, name).toBe(0);
      for (let i = 0; i < lines.length; i += 3) {
        expect(lines[i], name).toMatch(/^\S+\.yaml:\d+:\d+: \S/);
        expect(lines[i + 2], name).toMatch(/^\s+\^$/);
      }
    }
  });
});

describe('a file that is no suite at all', () => {
  it.each([
    ['nothing', '', 'nothing.yaml:1:1: expected the file to be a mapping, got nothing'],
    ['blanks', '\n\n', 'blanks.yaml:1:1: expected the file to be a mapping, got nothing'],
    ['too-long', 'x'.repeat(512 * 1024 + 1), 'too-long.yaml:1:1: expected at most 524288 bytes, got 524289'],
  ])('is rejected: %s', (name, text, message) => expect(messages(name, text)).toBe(message));

  it.each([
    ['flow lists', '['.repeat(100_000)],
    ['block lists', '- '.repeat(100_000)],
    ['flow maps', '{a: '.repeat(50_000)],
    ['block maps', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
  ])('is rejected when it nests without end: %s', (_what, text) => {
    const started = performance.now();
    expect(messages('deep', text)).toMatch(/expected at most 24 levels of nesting/);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('shows its control characters harmlessly', () => {
    const message = messages('control', 'suite: "a/\\e[31mb"\nabout: \u001b]0;x\u0007\ncases: []\n');
    expect(message.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(message).toContain('\u00b7[31mb');
  });
});
