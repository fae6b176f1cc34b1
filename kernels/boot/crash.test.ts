// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCrash, judgeConsole, judgeEnd } from './crash.js';
import { CRASH_PATTERNS } from './crash-patterns.js';

// sysrq-* and nmi-* were recorded from guests; the others are written after the formats of the kernel files that
// crash-patterns.ts names.
const directory = join(import.meta.dirname, 'testdata');
const fixtures = readdirSync(directory).map((file) => {
  const text = readFileSync(join(directory, file), 'utf8');
  const match = /^# kind: (\S+)\n# title: ?(.*)\n\n([^]*)$/.exec(text);
  return { file, kind: match?.[1] ?? 'unparsed', title: match?.[2] ?? '', console: match?.[3] ?? '' };
});

function fixture(name: string): string {
  return fixtures.find(({ file }) => file === name)?.console ?? '';
}

describe('findCrash', () => {
  it.each(fixtures)('finds what $file says it should', ({ kind, title, console }) => {
    const found = findCrash(console);
    expect({ kind: found?.kind ?? 'none', title: found?.title ?? '' }).toEqual({ kind, title });
  });

  it('begins the excerpt shortly before the first complaint', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `[    1.0000${index}] line ${index}`);
    const found = findCrash([...lines, 'WARNING: x', ...lines, ...lines].join('\n'));
    expect(found?.excerpt.slice(0, 4).map((line) => line.slice(-7))).toEqual([
      'line 47',
      'line 48',
      'line 49',
      'NING: x',
    ]);
    expect(found?.excerpt.length).toBeLessThanOrEqual(48);
  });
});

describe('judgeConsole', () => {
  it('calls a stall of a guest that answered a splat', () => {
    expect(judgeConsole(fixture('rcu-stall.txt'))?.kind).toBe('splat');
  });
  it('calls an oops of a guest that answered an oops', () => {
    expect(judgeConsole(fixture('bug-on-x86_64.txt'))?.kind).toBe('oops');
  });
  it('has nothing to say about a clean console', () => {
    expect(judgeConsole(fixture('clean.txt'))).toBeUndefined();
  });
});

describe('judgeEnd', () => {
  it('takes the kernel word for the cause of death', () => {
    expect(judgeEnd('gone', fixture('sysrq-panic-x86_64.txt'), 'QEMU: exit code 0').kind).toBe('panic');
    expect(judgeEnd('silent', fixture('soft-lockup.txt'), '').title).toMatch(/^BUG: soft lockup/);
  });
  it('calls silence a hang and an unexplained end lost, with the detail', () => {
    expect(judgeEnd('silent', '', 'no answer within 9 ms')).toEqual({
      kind: 'hang',
      title: 'the guest stopped answering (no answer within 9 ms)',
      excerpt: [],
    });
    expect(judgeEnd('gone', fixture('clean.txt'), 'QEMU: signal SIGKILL')).toMatchObject({
      kind: 'lost',
      title: 'the guest ended without a trace (QEMU: signal SIGKILL)',
    });
  });
  it('names the warning that came before a hang', () => {
    const crash = judgeEnd('silent', fixture('warning.txt'), 'no answer within 9 ms');
    expect(crash.kind).toBe('hang');
    expect(crash.title).toMatch(/^WARNING: virt.*; then the guest stopped answering/);
  });
});

describe('CRASH_PATTERNS', () => {
  it('has patterns that keep no state between lines', () => {
    for (const { pattern } of CRASH_PATTERNS) expect(pattern.flags).toBe('');
  });
});
