// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVERY_VERDICT, IDENTITY, makeRecord } from '../report/records.test-helper.js';
import { totals } from '../report/totals.js';
import { decodeLine, encodeLine } from './journal-format.js';
import { readJournal } from './journal-read.js';
import { Journal } from './journal.js';

const HEADER = {
  identity: IDENTITY,
  suitesHash: 'ab'.repeat(32),
  pointsHash: 'cd'.repeat(32),
  planned: EVERY_VERDICT.length,
  startedAt: '2026-11-21T00:35:00.000Z',
};

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-journal-'));
  path = join(directory, 'journal.ndjson');
});
afterEach(() => rmSync(directory, { recursive: true }));

function writeAll(finish = true): Buffer {
  const journal = Journal.create(path, HEADER);
  for (const record of EVERY_VERDICT) journal.record(record);
  if (finish) journal.finish(totals(EVERY_VERDICT));
  else journal.close();
  return readFileSync(path);
}

function replaceLine(number: number, edit: (line: string) => string): void {
  const lines = writeAll().toString().split('\n');
  lines[number - 1] = edit(lines[number - 1] ?? '');
  writeFileSync(path, lines.join('\n'));
}

describe('Journal', () => {
  it('gives back what was recorded', () => {
    writeAll();
    const { header, records, trailer, note } = readJournal(path);
    expect(header).toEqual({ schema: 2, ...HEADER });
    expect(records).toEqual(EVERY_VERDICT);
    expect(trailer).toEqual({ totals: totals(EVERY_VERDICT) });
    expect(note).toBeUndefined();
  });

  it('has each record in the file before record() returns', () => {
    const journal = Journal.create(path, HEADER);
    journal.record(makeRecord('a', 'x'));
    expect(readJournal(path).records).toHaveLength(1);
    journal.close();
  });

  it('never overwrites', () => {
    writeAll();
    expect(() => Journal.create(path, HEADER)).toThrow('EEXIST');
  });

  it('recovers every whole line, and says so, when cut at any byte', () => {
    const whole = writeAll();
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([offset]) => offset + 1);
    for (let length = 0; length <= whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const lines = ends.filter((end) => end <= length).length;
      if (lines === 0) {
        expect(() => readJournal(path)).toThrow('nothing was recorded');
        continue;
      }
      const { records, trailer, note, validBytes } = readJournal(path);
      expect(records).toEqual(EVERY_VERDICT.slice(0, lines - 1));
      expect(trailer !== undefined).toBe(lines === ends.length);
      expect(validBytes).toBe(ends[lines - 1]);
      expect(note !== undefined).toBe(validBytes < length);
    }
  });

  it('goes on after any cut as if there had been none', () => {
    const whole = writeAll(false);
    const headerBytes = whole.indexOf(0x0a) + 1;
    fc.assert(
      fc.property(fc.integer({ min: headerBytes, max: whole.length }), (length) => {
        writeFileSync(path, whole.subarray(0, length));
        const { journal, contents } = Journal.resume(path);
        for (const record of EVERY_VERDICT.slice(contents.records.length)) journal.record(record);
        journal.finish(totals(EVERY_VERDICT));
        expect(readJournal(path)).toMatchObject({ records: EVERY_VERDICT, trailer: {} });
      }),
      { numRuns: 60 },
    );
  });

  it('refuses to resume a run that has ended', () => {
    writeAll();
    expect(() => Journal.resume(path)).toThrow('nothing to resume');
  });

  it('keeps what the kernel said after the last case', () => {
    const journal = Journal.create(path, HEADER);
    journal.finish(totals([]), 'BUG: late');
    expect(readJournal(path).trailer).toEqual({ totals: totals([]), crash: 'BUG: late' });
    expect(() => Journal.resume(path)).toThrow('nothing to resume');
  });

  it('refuses records once it is closed', () => {
    const journal = Journal.create(path, HEADER);
    journal.close();
    journal.close();
    expect(() => journal.record(makeRecord('a', 'x'))).toThrow('the journal is closed');
  });
});

describe('readJournal', () => {
  it.each([
    ['a line that is not JSON', 3, () => '{"seq":2,', /:3: expected a line of JSON, got .*damaged/],
    [
      'a lost line',
      3,
      () => encodeLine({ seq: 3, kind: 'case', record: EVERY_VERDICT[2] }).trim(),
      /:3: .*lost or added/,
    ],
    [
      'a record without a verdict',
      2,
      () => '{"seq":1,"kind":"case","record":{}}',
      /:2: expected a string as id/,
    ],
    ['an unknown kind', 2, () => '{"seq":1,"kind":"note"}', /:2: expected kind to be/],
    [
      'another schema',
      1,
      (line: string) => line.replace('"schema":2', '"schema":9'),
      /:1: expected schema 2, got 9; this is the journal of another version/,
    ],
    [
      'an earlier schema with another header, without calling it damaged',
      1,
      () => '{"seq":0,"kind":"header","schema":1}',
      /:1: expected schema 2, got 1; this is the journal of another version/,
    ],
    [
      'a hash of points that is no string',
      1,
      (line: string) => line.replace(/"pointsHash":"\w+"/, '"pointsHash":1'),
      /:1: expected a string as pointsHash/,
    ],
    [
      'no header',
      1,
      () => encodeLine({ seq: 0, kind: 'case', record: EVERY_VERDICT[0] }).trim(),
      /:1: expected a header/,
    ],
  ])('rejects %s with file and line', (_what, number, edit, message) => {
    replaceLine(number, edit);
    expect(() => readJournal(path)).toThrow(message);
  });

  it('rejects a case recorded twice, and anything after the trailer', () => {
    replaceLine(3, () => encodeLine({ seq: 2, kind: 'case', record: EVERY_VERDICT[0] }).trim());
    expect(() => readJournal(path)).toThrow(/:3: expected every case once/);
    rmSync(path);
    writeAll();
    const seq = EVERY_VERDICT.length + 2;
    appendFileSync(path, encodeLine({ seq, kind: 'case', record: makeRecord('a', 'x') }));
    expect(() => readJournal(path)).toThrow('expected nothing after the trailer');
  });

  it('rejects a trailer that counts other cases, and says when there is no journal', () => {
    const journal = Journal.create(path, HEADER);
    journal.finish(totals(EVERY_VERDICT));
    expect(() => readJournal(path)).toThrow('the trailer counts 7 cases, but there are 0');
    expect(() => readJournal(join(directory, 'none'))).toThrow('expected the journal of a run');
    truncateSync(path, 0);
    expect(() => readJournal(path)).toThrow('nothing was recorded');
  });
});

describe('encodeLine', () => {
  it('keeps bigints of any size and every string, on one line', () => {
    const leaf = fc.oneof(fc.bigInt(), fc.string({ unit: 'binary' }), fc.boolean(), fc.integer());
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.array(leaf)), (value) => {
        const line = encodeLine(value);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(decodeLine(line)).toEqual({ ...value });
      }),
    );
  });
});
