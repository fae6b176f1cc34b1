// SPDX-License-Identifier: GPL-2.0-only
import type { Writable } from 'node:stream';
import { Minimal } from '@tapjs/core';
import type { CaseRecord, RunIdentity } from '../judge/verdict.js';
import { diagnose, directiveText, isNotOk } from './diagnostics.js';
import { headerLines } from './header.js';
import { ReportOrder } from './order.js';
import { oneLine } from './text.js';
import { formatTotals, totals } from './totals.js';

/** Stops the library from looking for call sites: they would put our source lines into the diagnostics. */
const NO_CALL_SITE = { at: null, stack: '' } as const;

/** A subtest whose closing point carries no `# time=`: the library leaves it out when it knows no start. */
class SuiteTest extends Minimal {
  override oncomplete(...results: Parameters<Minimal['oncomplete']>): void {
    this.start = 0n;
    super.oncomplete(...results);
  }
}

/**
 * TAP version 14, written while the run goes on: one subtest per suite, one point per case. Two runs with
 * equal records give byte-identical reports; durations are in the journal only.
 *
 * skip is `ok # SKIP code reason`; xfail is `not ok # TODO reason`, which TAP counts as expected; fail,
 * xpass, error and crash are `not ok` with YAML diagnostics whose first key is the verdict.
 */
export class TapReport {
  readonly #root = new Minimal({ name: 'gmemcheck' });
  readonly #order = new ReportOrder();
  readonly #records: CaseRecord[] = [];
  readonly #sinks: readonly Writable[];
  #suite: Minimal | undefined;
  #failure: Error | undefined;

  /**
   * @param identity printed as comments after the version line.
   * @param sinks receive the whole report; {@link end} ends them, except the process's own stdout and stderr.
   */
  constructor(identity: RunIdentity, ...sinks: Writable[]) {
    this.#sinks = sinks;
    for (const sink of sinks) sink.on('error', (error: Error) => (this.#failure ??= error));
    this.#root.on('data', (chunk: string) => {
      for (const sink of sinks) if (sink.writable) sink.write(chunk);
    });
    // The pragma also brings out the version line, which a comment would otherwise precede.
    this.#root.pragma({ strict: true });
    for (const line of headerLines(identity)) this.#root.comment(line);
  }

  /**
   * Print one case.
   * @throws Error when records are not grouped by suite or an id comes twice.
   */
  record(record: CaseRecord): void {
    const place = this.#order.place(record);
    if (place.opensSuite) this.#open(place.suite);
    this.#records.push(record);
    const { verdict } = record;
    if (verdict === 'skip') {
      this.#suite?.pass(place.point, { ...NO_CALL_SITE, skip: directive(record) });
    } else if (verdict === 'xfail') {
      this.#suite?.fail(place.point, { ...NO_CALL_SITE, todo: directive(record) });
    } else if (isNotOk(verdict)) {
      const diagnostic = diagnose(record);
      this.#suite?.fail(place.point, { ...NO_CALL_SITE, ...diagnostic });
      // Once more outside of the YAML, which folds long lines: this one is to be copied.
      this.#suite?.comment(`replay: ${diagnostic.replay}`);
    } else {
      this.#suite?.pass(place.point, { ...NO_CALL_SITE });
    }
  }

  /**
   * Close the report and wait until every sink has it.
   * @param abandoned why the run stopped early, printed as `Bail out!`; a report without any record bails
   * out by itself, because a reader takes `1..0` for success.
   * @throws Error when a sink failed; the other sinks are complete then.
   */
  async end(abandoned?: string): Promise<void> {
    this.#suite?.end();
    this.#suite = undefined;
    const reason = abandoned ?? (this.#records.length === 0 ? 'no case was executed' : undefined);
    this.#root.comment(`totals: ${formatTotals(totals(this.#records))}`);
    if (reason === undefined) this.#root.end();
    else this.#root.bailout(oneLine(reason));
    await Promise.all(this.#sinks.map(flush));
    if (this.#failure) {
      throw new Error(`Could not write the TAP report: ${this.#failure.message}`, { cause: this.#failure });
    }
  }

  #open(name: string): void {
    this.#suite?.end();
    // Not buffered, so the subtest starts at once and everything it prints comes out in order.
    const { subtest } = this.#root.sub(SuiteTest, { ...NO_CALL_SITE, name, buffered: false });
    if (!subtest) throw new Error(`The TAP report was closed before suite ${name}`);
    this.#suite = subtest;
  }
}

/** Directive text; a final `{` would open a buffered subtest, and an empty text would drop the directive. */
function directive(record: CaseRecord): string | true {
  return directiveText(record).replace(/\{$/, '(') || true;
}

async function flush(sink: Writable): Promise<void> {
  if (!sink.writable) return;
  await new Promise<void>((resolve) => {
    sink.once('error', () => resolve());
    if (sink === process.stdout || sink === process.stderr) sink.write('', () => resolve());
    else sink.end(() => resolve());
  });
}
