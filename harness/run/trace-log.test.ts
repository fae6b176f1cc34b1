// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepResult } from '../program/trace.js';
import { readTraces, TraceLog } from './trace-log.js';
import type { RecordedTrace } from './trace-log.js';

const HEADER = {
  startedAt: '2026-11-21T00:35:00.000Z',
  features: { gmem: true, fork: false },
  specification: true,
};
const ok: StepResult = {
  state: 'done',
  errno: '0',
  fields: { fd: 5n },
  calls: [],
  durationNs: 0n,
  children: [],
};
const ENTRIES: RecordedTrace[] = ['a', 'b', 'c'].map((id) => ({
  id: `suite/${id}`,
  program: '0123456789abcdef',
  trace: { steps: [ok, { ...ok, errno: 'EINVAL', fields: {} }] },
}));

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-traces-'));
  path = join(directory, 'traces.ndjson');
});
afterEach(() => rmSync(directory, { recursive: true }));

function writeAll(): Buffer {
  const log = TraceLog.open(path, HEADER);
  for (const entry of ENTRIES) log.record(entry);
  log.close();
  return readFileSync(path);
}

describe('the record of results', () => {
  it('gives back what was recorded', () => {
    writeAll();
    const { header, traces, note } = readTraces(path);
    expect(header).toEqual(HEADER);
    expect([...traces.values()]).toEqual(ENTRIES);
    expect(note).toBeUndefined();
  });

  it('has each trace in the file before record() returns', () => {
    const log = TraceLog.open(path, HEADER);
    for (const entry of ENTRIES.slice(0, 1)) log.record(entry);
    expect(readTraces(path).traces.size).toBe(1);
    log.close();
  });

  it('goes on after any cut as if there had been none', () => {
    const whole = writeAll();
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      const before = readTraces(path);
      const log = TraceLog.open(path, HEADER);
      for (const entry of ENTRIES.slice(before.traces.size)) log.record(entry);
      log.close();
      expect(readFileSync(path)).toEqual(whole);
    }
  });

  it('keeps the last of a point that ran again after a resumption', () => {
    writeAll();
    const log = TraceLog.open(path, HEADER);
    log.record({ id: 'suite/c', program: 'f'.repeat(16), trace: { steps: [] } });
    log.close();
    expect(readTraces(path).traces.get('suite/c')?.program).toBe('f'.repeat(16));
  });

  it('refuses to go on with the file of another run', () => {
    writeAll();
    expect(() => TraceLog.open(path, { ...HEADER, startedAt: 'later' })).toThrow(
      'traces.ndjson:1: expected results of the run',
    );
  });

  it.each([
    ['what is not JSON', 2, () => '{', /:2: expected a line of JSON, .*damaged/],
    ['a lost line', 3, () => '', /:3: expected a line of JSON/],
    ['a line from elsewhere', 3, () => '{"seq":7}', /:3: .*lost or added/],
    ['a line that is no object', 3, () => '7', /:3: expected an object/],
    ['a trace without a point', 2, () => '{"seq":1,"steps":[]}', /:2: expected id and program/],
    [
      'a result that is none',
      3,
      () => '{"seq":2,"id":"a","program":"b","steps":[1]}',
      /:3: expected a result as an object; .*damaged/,
    ],
    [
      'another schema',
      1,
      (line: string) => line.replace('"schema":1', '"schema":9'),
      /:1: expected schema 1, got 9/,
    ],
    [
      'a header of something else',
      1,
      () => '{"seq":0,"kind":"header"}',
      /:1: expected the header of recorded results/,
    ],
    [
      'a feature that is no boolean',
      1,
      (line: string) => line.replace('true', '1'),
      /:1: expected startedAt, features/,
    ],
  ])('refuses %s with file and line', (_what, number, edit, message) => {
    const lines = writeAll().toString().split('\n');
    lines[number - 1] = edit(lines[number - 1] ?? '');
    writeFileSync(path, lines.join('\n'));
    expect(() => readTraces(path)).toThrow(message);
  });
});
