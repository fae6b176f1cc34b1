// SPDX-License-Identifier: GPL-2.0-only
import type { CrashReport } from '../../harness/target/executor.js';
import { CRASH_PATTERNS } from './crash-patterns.js';

const LINES_BEFORE = 3;
const LINES_SHOWN = 48;

/** Only these may start a line before the text: log level, time stamp, caller, subsystem; a user program cannot. */
const PREFIX = /^(?:<\d+>)?(?:\[[ \d.]+\])?(?:\[ *[TC]\d+\])? */;

interface Sighting {
  line: number;
  kind: 'panic' | 'oops' | 'hang' | 'splat';
  title: string;
}

function sightings(lines: readonly string[]): Sighting[] {
  return lines.flatMap((text, line) => {
    const plain = text.replace(PREFIX, '');
    for (const { kind, pattern } of CRASH_PATTERNS) {
      const match = pattern.exec(plain);
      if (match) return [{ line, kind, title: match[0].trim() }];
    }
    return [];
  });
}

/** The last lines of a console, for a message about a guest of which nothing else is known. */
export function consoleTail(text: string, lines = LINES_SHOWN): string[] {
  return text.trimEnd().split('\n').slice(-lines);
}

/**
 * What a stretch of console says about the kernel's health. The title is the first thing that went wrong,
 * because the rest (`Kernel panic - not syncing: Fatal exception`) follows from it; the kind is the first
 * thing that ends a guest, `splat` when there is none.
 *
 * @returns undefined when nothing is wrong.
 */
export function findCrash(text: string): CrashReport | undefined {
  const lines = text.split('\n');
  const seen = sightings(lines);
  const [first] = seen;
  if (!first) return undefined;
  const fatal = seen.find(({ kind }) => kind !== 'splat');
  const start = Math.max(0, first.line - LINES_BEFORE);
  return {
    kind: fatal?.kind ?? 'splat',
    title: first.title,
    excerpt: lines.slice(start, start + LINES_SHOWN).map((line) => line.trimEnd()),
  };
}

/**
 * Judge the console of a program that was answered.
 *
 * @param text what the console printed since the program was sent.
 * @returns undefined for a clean console.
 */
export function judgeConsole(text: string): CrashReport | undefined {
  const found = findCrash(text);
  // A lockup that dissolved, or a stall that was only reported, left a guest that lives.
  return found?.kind === 'hang' ? { ...found, kind: 'splat' } : found;
}

/**
 * Judge the console of a program that was not answered.
 *
 * @param notice `silent`: no answer in time; `gone`: the port closed.
 * @param text what the console printed since the program was sent.
 * @param detail what was seen, e.g. the time waited or QEMU's exit code.
 */
export function judgeEnd(notice: 'silent' | 'gone', text: string, detail: string): CrashReport {
  const found = findCrash(text);
  if (found && found.kind !== 'splat') return found;
  const end =
    notice === 'silent'
      ? ({ kind: 'hang', title: `the guest stopped answering (${detail})` } as const)
      : ({ kind: 'lost', title: `the guest ended without a trace (${detail})` } as const);
  if (found) return { kind: end.kind, title: `${found.title}; then ${end.title}`, excerpt: found.excerpt };
  const excerpt = consoleTail(text);
  return { ...end, excerpt: excerpt.length === 1 && excerpt[0] === '' ? [] : excerpt };
}
