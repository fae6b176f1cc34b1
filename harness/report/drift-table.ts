// SPDX-License-Identifier: GPL-2.0-only
import type { Mismatch } from '../judge/verdict.js';
import { driftText } from './diagnostics.js';

/** The point that tells a kernel from a profile, and how. */
export interface Telling {
  id: string;
  mismatch: Mismatch;
  /** Profiles that expect what was seen. */
  drift: readonly string[];
}

/** One kernel held to one profile. */
export interface DriftCell {
  profile: string;
  /** Points that were not skipped. */
  executed: number;
  /** Ids of the points that were not ok. */
  notOk: readonly string[];
  telling?: Telling;
}

/** A kernel booted with one dialect, held to every profile. */
export interface DriftKernel {
  dialect: string;
  /** The profile that the recipe says it speaks. */
  profile: string;
  /** The profile that probing found. */
  probed?: string;
  cells: readonly DriftCell[];
}

/** A pair of a kernel and a profile that is not as it should be; one line. */
export interface DriftProblem {
  dialect: string;
  profile: string;
  reason: string;
}

/**
 * What keeps the table from being as it should be: a kernel that fails under its own profile, or that passes
 * under another one.
 */
export function driftProblems(kernels: readonly DriftKernel[]): DriftProblem[] {
  return kernels.flatMap((kernel) => {
    const { dialect } = kernel;
    const probed =
      kernel.probed === kernel.profile
        ? []
        : [{ dialect, profile: kernel.profile, reason: `probing found ${kernel.probed ?? 'no profile'}` }];
    const cells = kernel.cells.flatMap((cell) => {
      const reason = problemOf(kernel, cell);
      return reason === undefined ? [] : [{ dialect, profile: cell.profile, reason }];
    });
    return [...probed, ...cells];
  });
}

function problemOf(kernel: DriftKernel, cell: DriftCell): string | undefined {
  const { executed, notOk, telling } = cell;
  if (executed === 0) return 'nothing was executed';
  if (cell.profile === kernel.profile)
    return notOk.length === 0 ? undefined : `its own profile, and not ok: ${notOk.join(', ')}`;
  if (telling) return undefined;
  return notOk.length > 0
    ? `no failure says anything about the kernel: ${notOk.join(', ')}`
    : `not told apart: the kernel did what both expect in all ${executed} points`;
}

/** Dialects in rows, profiles in columns: numbers of points that were not ok, `.` for a clean diagonal. */
export function renderDriftTable(kernels: readonly DriftKernel[]): string {
  const columns = kernels.map((k) => k.dialect);
  const width = Math.max(5, ...columns.map((c) => c.length)) + 1;
  const row = (head: string, cells: readonly string[]): string =>
    head.padEnd(10) + cells.map((c) => c.padStart(width)).join('');
  const body = kernels.map((kernel) =>
    row(
      kernel.dialect,
      kernel.cells.map((cell) =>
        cell.profile === kernel.profile && cell.notOk.length === 0 ? '.' : cell.notOk.length.toString(),
      ),
    ),
  );
  return [row('kernel', columns), ...body].join('\n');
}

/** Characters of what was seen; a refused request repeats all its fields. */
const SEEN_LIMIT = 60;

/** One paragraph for each kernel: by what point it is told from each profile, those of the same point together. */
export function renderTelling(kernels: readonly DriftKernel[]): string {
  const names = new Map(kernels.map((k) => [k.profile, k.dialect]));
  return kernels
    .map(({ dialect, profile, cells }) => {
      const found = new Map<string, string[]>();
      for (const { profile: other, telling } of cells) {
        if (!telling || other === profile) continue;
        const text = tellingText(telling);
        found.set(text, [...(found.get(text) ?? []), names.get(other) ?? other]);
      }
      const lines = [...found].map(([text, others]) => `  as ${others.join(', ')}: ${text}`);
      return [`kernel of ${dialect} (${profile})`, ...lines].join('\n');
    })
    .join('\n\n');
}

function tellingText({ id, mismatch: { what, expected, seen }, drift }: Telling): string {
  const short = seen.length > SEEN_LIMIT ? `${seen.slice(0, SEEN_LIMIT)}…` : seen;
  return [
    id,
    `    ${what}: expected ${expected}, seen ${short}`,
    ...(drift.length > 0 ? [`    ${driftText(drift)}`] : []),
  ].join('\n');
}

/** The table as data. */
export function driftJson(kernels: readonly DriftKernel[]): object {
  return {
    kernels: kernels.map(({ dialect, profile, probed, cells }) => ({
      dialect,
      profile,
      probed: probed ?? null,
      cells: cells.map(({ telling, ...cell }) => ({
        ...cell,
        ...(telling && {
          telling: {
            id: telling.id,
            what: telling.mismatch.what,
            expected: telling.mismatch.expected,
            seen: telling.mismatch.seen,
            drift: telling.drift,
          },
        }),
      })),
    })),
    problems: driftProblems(kernels),
  };
}
