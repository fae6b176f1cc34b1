// SPDX-License-Identifier: GPL-2.0-only
/** A place in a text file; line and column are 1-based. */
export interface Place {
  file: string;
  line: number;
  column: number;
  /** The text of that line, for the caret. Empty when unknown. */
  text: string;
}

/** Bad input in a file that a person wrote: says where, what was expected, and points at it. */
export class CaseError extends Error {
  override name = 'CaseError';
  constructor(
    readonly place: Place,
    /** What is wrong and what was expected, one line. */
    readonly problem: string,
  ) {
    super(CaseError.render(place, problem));
  }

  private static render(place: Place, problem: string): string {
    const head = `${place.file}:${place.line}:${place.column}: ${problem}`;
    if (place.text === '') return head;
    const gutter = `${place.line} | `;
    const text = place.text.length > 160 ? `${place.text.slice(0, 157)}...` : place.text;
    const caret = ' '.repeat(gutter.length + Math.min(place.column - 1, text.length)) + '^';
    return `${head}\n${gutter}${text}\n${caret}`;
  }
}

/** Several errors of one load, reported together. */
export class CaseErrors extends Error {
  override name = 'CaseErrors';
  constructor(readonly errors: readonly CaseError[]) {
    super(errors.map((e) => e.message).join('\n'));
  }
}
