// SPDX-License-Identifier: GPL-2.0-only
import type { CaseRecord } from '../judge/verdict.js';
import { reportName } from './text.js';

/** Where a record stands in a report. */
export interface Place {
  /** The first record of its suite. */
  opensSuite: boolean;
  suite: string;
  /** The id without its suite, as reports spell it. */
  point: string;
  /** The whole id, as reports spell it. */
  id: string;
}

/**
 * Checks what every nested report rests on: records come grouped by suite, and no name twice. A violation
 * is a defect of the scheduler, and would lose or double test points; hence an exception, not a repair.
 */
export class ReportOrder {
  readonly #suites = new Set<string>();
  readonly #ids = new Set<string>();
  #current: string | undefined;

  /**
   * @returns the place of the next record.
   * @throws Error when its suite was closed before, its id is not in its suite, or its id was seen before.
   */
  place(record: CaseRecord): Place {
    const { id, suite } = record;
    if (!id.startsWith(`${suite}/`) || id.length === suite.length + 1) {
      throw new Error(
        `Expected an id of the form ${suite}/CASE in suite ${suite}, got ${JSON.stringify(id)}`,
      );
    }
    const name = reportName(id);
    if (this.#ids.has(name)) throw new Error(`Expected every id once in a report, got ${id} again`);
    this.#ids.add(name);
    const opensSuite = suite !== this.#current;
    if (opensSuite) {
      if (this.#suites.has(suite)) {
        throw new Error(`Expected records grouped by suite, got ${id} after suite ${suite} had ended`);
      }
      this.#suites.add(suite);
      this.#current = suite;
    }
    return { opensSuite, suite: reportName(suite), point: reportName(id.slice(suite.length + 1)), id: name };
  }
}
