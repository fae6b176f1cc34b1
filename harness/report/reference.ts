// SPDX-License-Identifier: GPL-2.0-only
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** The committed reports of a kernel that we ship a recipe for, as whole files. */
export interface Reference {
  tap: string;
  ktap: string;
  /** Canonical JSON of the facts that outlast a run (stableEnvironment). */
  environment: string;
}

/** Lines of a diff that are shown; the others are counted. */
const SHOWN_LINES = 80;
/** Reports further apart than this many edited lines are not diffed: nobody reads it, and it takes long. */
const MAX_EDITS = 4000;

/** `ROOT/<kernel>/<arch>`, e.g. `results/reference/mainline-7.3/x86_64`. */
export function referenceDir(root: string, kernel: string, arch: string): string {
  return join(root, kernel, arch);
}

/** Whether there is something to compare with. */
export async function hasReference(directory: string): Promise<boolean> {
  return (await readTap(directory)) !== undefined;
}

/**
 * Compare a TAP report with the reference of its kernel and architecture. Only bodies count: the header,
 * which names releases, and the numbers of test points, which shift when a case is added, do not.
 * Meaningful for runs of all suites only.
 * @returns undefined when they agree, else a unified diff, cut to a readable length.
 * @throws Error when there is no reference.
 */
export async function compareWithReference(directory: string, tap: string): Promise<string | undefined> {
  const reference = await readTap(directory);
  if (reference === undefined) {
    throw new Error(
      `Expected a reference report in ${directory}, got none: write one with a run of this kernel`,
    );
  }
  const [before, after] = [comparable(reference), comparable(tap)];
  if (before === after) return undefined;
  const patch = createTwoFilesPatch('reference', 'this run', before, after, undefined, undefined, {
    context: 2,
    maxEditLength: MAX_EDITS,
    headerOptions: FILE_HEADERS_ONLY,
  });
  if (patch === undefined) {
    const count = (text: string): number => text.split('\n').length - 1;
    return `The report has ${count(after)} lines, its reference ${count(before)}, and over ${MAX_EDITS} differ`;
  }
  return shorten(patch.trimEnd().split('\n'));
}

/** Write or replace a reference. The three files are complete before any of them takes its name. */
export async function writeReference(directory: string, reference: Reference): Promise<void> {
  await mkdir(directory, { recursive: true });
  const suffix = `.${randomBytes(4).toString('hex')}.tmp`;
  const files = [
    ['report.tap', reference.tap],
    ['report.ktap', reference.ktap],
    ['environment.json', reference.environment],
  ] as const;
  for (const [name, text] of files) await writeFile(join(directory, name + suffix), text);
  for (const [name] of files) await rename(join(directory, name + suffix), join(directory, name));
}

async function readTap(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, 'report.tap'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Version, pragma and header comments (header.ts); the body starts with the first other line. */
const HEADER_LINE = /^(TAP version|pragma|# (target|arch|kernel|profile|page size|boot|evidence):) ?/;
/** The number in a result line of either level; diagnostics are indented deeper. */
const POINT_NUMBER = /^((?: {4})?(?:not )?ok) \d+/;

function comparable(tap: string): string {
  const lines = tap.split('\n');
  const start = lines.findIndex((line) => !HEADER_LINE.test(line));
  return lines
    .slice(Math.max(start, 0))
    .map((line) => line.replace(POINT_NUMBER, '$1'))
    .join('\n');
}

function shorten(lines: string[]): string {
  const shown = lines.slice(0, SHOWN_LINES);
  const changed = (line: string): boolean => line.startsWith('+') || line.startsWith('-');
  const rest = lines.slice(SHOWN_LINES).filter(changed).length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more changed lines`] : [])].join('\n');
}
