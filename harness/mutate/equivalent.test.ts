// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { argued, readEquivalents } from './equivalent.js';

function written(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'equivalent-')), 'equivalent.yaml');
  writeFileSync(file, text);
  return file;
}

const FILE = 'equivalent:\n  - { mutants: ["close/*/drop", "dup/a.b.c/errno"], why: said before }\n';

describe('arguments for mutants that nothing tells', () => {
  it('make equivalents of survivors, and of nothing else', () => {
    const e = readEquivalents(written(FILE));
    const scores = argued(
      [
        { id: 'close/x/drop', verdict: 'survived' },
        { id: 'close/y/drop', verdict: 'killed', by: 'p' },
        { id: 'dup/a.b.c/drop', verdict: 'survived' },
      ],
      e,
    );
    expect(scores.map((s) => s.verdict)).toEqual(['equivalent', 'killed', 'survived']);
    expect(scores[0]?.why).toBe('said before');
  });

  it('are an error where no survivor needs them, at their place', () => {
    const [stale] = readEquivalents(written(FILE)).stale(['close/x/drop']);
    expect(stale?.message).toContain(
      "equivalent.yaml:2:33: expected a mutant that survives, got 'dup/a.b.c/errno'",
    );
  });

  it('must be given', () => {
    expect(() => readEquivalents(written('equivalent:\n  - { mutants: [a] }\n'))).toThrow(/why/);
  });
});
