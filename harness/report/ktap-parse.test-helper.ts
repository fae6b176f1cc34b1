// SPDX-License-Identifier: GPL-2.0-only
/**
 * A KTAP reader by the kernel's own rules, for tests: a transliteration of parse_test() and what it calls in
 * tools/testing/kunit/kunit_parser.py (7.3), without its printing.
 */

export type KtapStatus = 'success' | 'failure' | 'skipped' | 'crashed' | 'no-tests';

export interface KtapTest {
  name: string;
  status: KtapStatus;
  skipReason: string;
  subtests: KtapTest[];
  log: string[];
}

export interface KtapResult {
  main: KtapTest;
  /** What kunit_parser.py reports through add_error(). */
  errors: string[];
  /** Lines left unread when the planned tests were found. */
  rest: string[];
}

const KTAP_START = /^\s*KTAP version ([0-9]+)$/;
const TAP_START = /^\s*TAP version ([0-9]+)$/;
const KTAP_END = /\s*(List of all partitions:|Kernel panic - not syncing: VFS:|reboot: System halted)/;
const TEST_HEADER = /^\s*# Subtest: (.*)$/;
const TEST_PLAN = /^\s*1\.\.([0-9]+)/;
const TEST_RESULT = /^\s*(ok|not ok) ([0-9]+) ?(:?- )?([^#]*)( # .*)?$/;
const TEST_RESULT_SKIP = /^\s*(ok|not ok) ([0-9]+) ?(:?- )?(.*) # SKIP ?(.*)$/;
const STRUCTURE = [TEST_RESULT, TEST_HEADER, KTAP_START, TAP_START, TEST_PLAN];

/** @param text a log that holds one KTAP report. */
export function parseKtap(text: string): KtapResult {
  // Python's universal newlines.
  const all = text.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
  const start = all.findIndex((line) => KTAP_START.test(line));
  if (start < 0) throw new Error('Expected a KTAP version line, got none');
  const end = all.findIndex((line, index) => index > start && KTAP_END.test(line));
  const reader = new Reader(all.slice(start, end < 0 ? undefined : end));
  if (reader.lines.at(-1) === '') reader.lines.pop();
  const main = reader.test(0, [], false);
  return { main, errors: reader.errors, rest: reader.lines };
}

class Reader {
  readonly errors: string[] = [];

  constructor(readonly lines: string[]) {}

  test(expectedNumber: number, log: string[], isSubtest: boolean): KtapTest {
    const test: KtapTest = { name: '', status: 'crashed', skipReason: '', subtests: [], log: [...log] };
    test.log.push(...this.#diagnostic());
    let parent = true;
    if (isSubtest) {
      const version = this.#pop(KTAP_START) ?? this.#pop(TAP_START);
      const header = this.#pop(TEST_HEADER);
      test.name = header?.[1] ?? '';
      parent = version !== undefined || header !== undefined;
    } else {
      test.name = 'main';
      if (!this.#pop(KTAP_START)) this.#error(test, 'no version line');
    }
    test.log.push(...this.#diagnostic());
    const plan = this.#pop(TEST_PLAN)?.[1];
    const expected = plan === undefined ? undefined : Number(plan);
    for (let n = 1; parent && (expected === undefined || n <= expected); n += 1) {
      const subLog = this.#diagnostic();
      if (this.lines.length === 0 || (isSubtest && this.#nextIsResultOf(test))) {
        if (expected === undefined) {
          test.log.push(...subLog);
          break;
        }
        this.#error(test, 'missing expected subtest!');
      } else {
        test.subtests.push(this.test(n, subLog, true));
      }
    }
    if (isSubtest) {
      test.log.push(...this.#diagnostic());
      if (test.name !== '' && !this.#nextIsResultOf(test)) this.#error(test, 'missing subtest result line!');
      else this.#result(test, expectedNumber);
    } else if (test.subtests.length > 0) {
      test.status = aggregate(test.subtests);
    }
    if (parent && test.subtests.length === 0) {
      test.status = 'no-tests';
      this.#error(test, '0 tests run!');
    }
    return test;
  }

  #result(test: KtapTest, expectedNumber: number): void {
    const line = this.lines[0] ?? '';
    const skip = TEST_RESULT_SKIP.exec(line);
    const match = this.#pop(TEST_RESULT);
    if (!match) return;
    test.name = (skip ?? match)[4] ?? '';
    if (Number(match[2]) !== expectedNumber) {
      this.#error(test, `Expected test number ${expectedNumber} but found ${match[2] ?? ''}`);
    }
    test.skipReason = skip?.[5] ?? '';
    if (skip) test.status = 'skipped';
    else test.status = match[1] === 'ok' ? 'success' : 'failure';
  }

  #nextIsResultOf(test: KtapTest): boolean {
    const name = TEST_RESULT.exec(this.lines[0] ?? '')?.[4] ?? '';
    return name !== '' && name === test.name;
  }

  #diagnostic(): string[] {
    const end = this.lines.findIndex((line) => STRUCTURE.some((pattern) => pattern.test(line)));
    return this.lines.splice(0, end < 0 ? this.lines.length : end);
  }

  #pop(pattern: RegExp): RegExpExecArray | undefined {
    const match = pattern.exec(this.lines[0] ?? '');
    if (match) this.lines.shift();
    return match ?? undefined;
  }

  #error(test: KtapTest, message: string): void {
    this.errors.push(`${test.name}: ${message}`);
  }
}

function aggregate(tests: KtapTest[]): KtapStatus {
  for (const status of ['crashed', 'failure', 'success'] as const) {
    if (tests.some((test) => test.status === status)) return status;
  }
  return 'skipped';
}
