// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../program/make.js';
import { execute } from '../spec/core/execute.js';
import { always, effect, refuse, signal, succeed } from '../spec/core/rule.js';
import type { View } from '../spec/core/rule.js';
import type { RuleBook } from '../spec/core/step.js';
import { worldOf } from '../spec/core/world.js';
import { findProfile } from '../uapi/profiles/index.js';
import { mutants, rulesOf } from './operators.js';
import { Reads } from './reads.js';

const profile = findProfile('d8');
if (!profile) throw new Error('no d8');
const world = worldOf(profile, 'x86_64', 4096);
const BOOK: RuleBook = {
  fallocate: [
    refuse('w.too-long', 'EINVAL', ({ step: s }) => s.length > 8192n),
    succeed('w.waits', always, {
      report: ({ step: s }) => ({ size: s.length, value: s.mode }),
      effects: [effect('w.counts', ({ state }) => ({ ...state, nextId: state.nextId + 1 }))],
    }),
  ],
};
/** What `fallocate` does under a rule book. */
function does(book: RuleBook, length: bigint): string {
  const [result] = execute(book, world, [step('fallocate', { on: 'kvm', mode: 7n, length })]).steps;
  return `${result?.errno ?? ''} ${result?.fields['size'] ?? ''}`.trim();
}

const reads = new Reads();
const watched = reads.watched(BOOK);
does(watched, 1n);
const all = mutants(BOOK, reads);
const named = (id: string): RuleBook => {
  const found = all.find((m) => m.id === id);
  if (!found) throw new Error(`no ${id}`);
  return found.book;
};

describe('mutants of a rule', () => {
  it('are what was asked for: dropped, negated, another errno, numbers off by one, by a page, in pages', () => {
    expect(all.filter((m) => m.places[0] === 0).map((m) => m.id.replace('fallocate/w.too-long/', ''))).toEqual([
      'drop', 'negate', 'errno', 'when-length-plus-1', 'when-length-minus-1', 'when-length-plus-page', 'when-length-minus-page', 'when-length-in-pages',
    ]); // prettier-ignore
    expect(all.filter((m) => m.places[0] === 1).map((m) => m.id.replace('fallocate/w.waits/', ''))).toEqual([
      'drop', 'errno', 'effect-1-drop', 'report-size-plus-1', 'report-size-minus-1', 'report-size-in-pages', 'report-value-plus-1', 'report-value-minus-1',
    ]); // prettier-ignore
  });

  it.each([
    ['drop', 9000n, '0 9000'],
    ['negate', 1n, 'EINVAL'],
    ['errno', 9000n, 'EPERM'],
    ['when-length-plus-1', 8192n, 'EINVAL'],
    ['when-length-minus-1', 8193n, '0 8193'],
    ['when-length-in-pages', 9000n, '0 9000'],
  ])('%s changes one thing', (change, length, expected) => {
    expect(does(named(`fallocate/w.too-long/${change}`), length)).toBe(expected);
  });

  it('end in another signal, with another code, for another address', () => {
    const fault = { signal: 'SIGBUS', code: 2n, at: 4096n } as const;
    const book: RuleBook = { load: [signal('a.b.c', always, () => fault)] };
    const faults = mutants(book, new Reads()).flatMap((m) =>
      rulesOf(m.book, 'load').map((rule) => [m.id, rule.fault?.({ world } as unknown as View)] as const),
    );
    expect(Object.fromEntries(faults)).toMatchObject({
      'load/a.b.c/signal': { signal: 'SIGSEGV', code: 2n, at: 4096n },
      'load/a.b.c/code-plus-1': { signal: 'SIGBUS', code: 3n, at: 4096n },
      'load/a.b.c/at-in-pages': { signal: 'SIGBUS', code: 2n, at: 1n },
    });
    expect(faults.map(([id]) => id)).not.toContain('load/a.b.c/errno');
  });

  it('report other numbers', () => {
    expect(does(named('fallocate/w.waits/report-size-in-pages'), 8192n)).toBe('0 2');
    expect(does(named('fallocate/w.waits/report-size-minus-1'), 8n)).toBe('0 7');
  });

  it('say which rule is meant when a verb cites one twice', () => {
    const twice: RuleBook = {
      close: [refuse('a.b.c', 'EBADF', () => false), refuse('a.b.c', 'EIO', () => false)],
    };
    expect(mutants(twice, new Reads()).map((m) => m.id)).toContain('close/a.b.c#2/drop');
  });
});
