// SPDX-License-Identifier: GPL-2.0-only
/** A place in a text file; line and column are 1-based. */
export interface Place {
  file: string;
  line: number;
  column: number;
  /** The text of that line, for the caret. Empty when unknown. */
  text: string;
}

/** Columns of a source line that a message shows. */
const WIDTH = 160;

/** Bad input in a file that a person wrote: says where, what was expected, and points at it. */
export class CaseError extends Error {
  override name = 'CaseError';
  readonly problem: string;

  /** @param problem what is wrong and what was expected, one line */
  constructor(
    readonly place: Place,
    problem: string,
  ) {
    const shown = printable(problem);
    super(CaseError.render(place, shown));
    this.problem = shown;
  }

  private static render(place: Place, problem: string): string {
    const head = `${place.file}:${place.line}:${place.column}: ${problem}`;
    if (place.text === '') return head;
    const gutter = `${place.line} | `;
    const { text, at } = window(place.text, Math.min(place.column - 1, place.text.length));
    // A tab before the caret is as wide as the tab above it.
    const indent = text.slice(0, at).replaceAll(/[^\t]/g, ' ');
    return `${head}\n${gutter}${printable(text)}\n${' '.repeat(gutter.length)}${indent}^`;
  }
}

/** The part of a long line that is around a column, and where that column is in it. */
function window(line: string, at: number): { text: string; at: number } {
  if (line.length <= WIDTH) return { text: line, at };
  const start = at < WIDTH - 10 ? 0 : at - WIDTH / 2;
  const [before, after] = [start > 0 ? '...' : '', start + WIDTH < line.length ? '...' : ''];
  return { text: `${before}${line.slice(start, start + WIDTH)}${after}`, at: at - start + before.length };
}

/** Control characters replaced one by one: what a file contains must not act on a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]|(?!\t)\p{Cc}/gu, '\u00b7');
}

/** Several errors of one load, reported together. */
export class CaseErrors extends Error {
  override name = 'CaseErrors';
  constructor(readonly errors: readonly CaseError[]) {
    super(errors.map((e) => e.message).join('\n'));
  }
}
