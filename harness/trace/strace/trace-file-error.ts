// SPDX-License-Identifier: GPL-2.0-only
/** A recorded trace that cannot be read: says where and what was expected, one line. */
export class TraceFileError extends Error {
  override name = 'TraceFileError';

  /**
   * @param line 1-based; 0 for the file as a whole
   * @param problem what was expected and what was seen
   */
  constructor(
    readonly file: string,
    readonly line: number,
    problem: string,
  ) {
    super(`${file}${line > 0 ? `:${line}` : ''}: ${printable(problem)}`);
  }
}

/** What a foreign file contains must not act on a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, '·');
}
