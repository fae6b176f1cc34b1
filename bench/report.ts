// SPDX-License-Identifier: GPL-2.0-only
import type { Figure } from './figure.js';
import type { Stats } from './statistics.js';
import { table } from './table.js';

/** What came of one benchmark on one architecture. */
export type Outcome =
  | { benchmark: string; arch?: string; figures: Figure[]; notes: string[] }
  | { benchmark: string; arch?: string; unmeasured: string };

/** Numbers with three significant digits, large ones whole. */
export function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toString();
  return Number(value.toPrecision(3)).toString();
}

function range({ median, min, max }: Stats, unit = ''): string {
  const middle = `${number(median)}${unit === '' ? '' : ` ${unit}`}`;
  return min === max ? middle : `${middle} (${number(min)}…${number(max)})`;
}

function targetText({ target }: Figure): string {
  if (!target) return '';
  const sign = target.is === 'at most' ? '≤' : '≥';
  const limit = `${sign} ${target.of === 'ratio' ? '×' : ''}${number(target.limit)}`;
  return `${limit}: ${target.met ? 'met' : 'MISSED'}`;
}

const HEAD = ['', 'median (min…max)', 'baseline', 'ratio', 'target', 'n'];

/** One benchmark for people: heading, a table of its figures, notes. */
export function renderOutcome(outcome: Outcome): string {
  const title = [outcome.benchmark, ...(outcome.arch === undefined ? [] : [outcome.arch])].join(' ');
  if ('unmeasured' in outcome) return `${title}: not measured: ${outcome.unmeasured}\n`;
  const rows = outcome.figures.map((f) => [
    `  ${f.name}`,
    range(f.ours, f.unit),
    f.baseline ? `${f.baseline.label} ${range(f.baseline)}` : '',
    f.ratio ? `×${range(f.ratio)}` : '',
    targetText(f),
    String(f.ours.n),
  ]);
  const notes = outcome.notes.map((note) => `  ${note}\n`);
  return `${title}\n${table([HEAD, ...rows])}${notes.join('')}`;
}
