// SPDX-License-Identifier: GPL-2.0-only
import { PassThrough, Writable } from 'node:stream';
import { type FinalResults, Parser, type Result } from 'tap-parser';
import { describe, expect, it } from 'vitest';
import type { CaseRecord } from '../judge/verdict.js';
import { EVERY_VERDICT, IDENTITY, makeRecord, ofVerdict } from './records.test-helper.js';
import { TapReport } from './tap.js';

function memory(): { sink: Writable; text: () => string } {
  const chunks: string[] = [];
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { sink, text: () => chunks.join('') };
}

async function emit(records: readonly CaseRecord[], abandoned?: string): Promise<string> {
  const { sink, text } = memory();
  const report = new TapReport(IDENTITY, sink);
  for (const record of records) report.record(record);
  await report.end(abandoned);
  return text();
}

interface Parsed {
  ok: boolean;
  bailout: boolean | string;
  points: Map<string, Result>;
  failures: number;
  comments: string[];
}

/** Points by full id: suite, slash, point. */
function parse(text: string): Parsed {
  const parser = new Parser();
  const points = new Map<string, Result>();
  const comments: string[] = [];
  let outcome = { ok: false, bailout: false as boolean | string, failures: -1 };
  parser.on('comment', (line: string) => comments.push(line.trim()));
  parser.on('child', (child: Parser) => {
    child.on('assert', (result: Result) => points.set(`${child.name}/${result.name}`, result));
  });
  parser.on('complete', ({ ok, bailout, failures }: FinalResults) => {
    outcome = { ok, bailout, failures: failures.length };
  });
  parser.end(text);
  return { ...outcome, points, comments };
}

describe('TapReport', () => {
  it('keeps every verdict apart, under ids that add up to the case ids', async () => {
    const { ok, points } = parse(await emit(EVERY_VERDICT));
    expect(ok).toBe(false);
    expect([...points.keys()]).toEqual(EVERY_VERDICT.map(({ id }) => id));
    const seen = [...points.values()].map(({ ok, skip, todo }) => [ok, skip, todo]);
    expect(seen).toEqual([
      [true, false, false],
      [false, false, false],
      [true, 'feature:fork the host target cannot fork', false],
      [false, false, 'known since 7.3'],
      [false, false, false],
      [false, false, false],
      [false, false, false],
    ]);
  });

  it('gives step, place, calls, expected, seen and replay for a failure', async () => {
    const { points } = parse(await emit(ofVerdict('fail')));
    expect(points.get('create/flags/each-bit[bit=3]')?.diag).toEqual({
      verdict: 'fail',
      about: 'Every reserved flag bit is refused.',
      rules: 'gmem.create.flags-known, gmem.create.flags-unknown-einval',
      mismatches: ofVerdict('fail')[0]?.mismatches,
      calls: ofVerdict('fail')[0]?.calls,
      replay: "gmemcheck run --target qemu:mainline-7.3 'create/flags/each-bit[bit=3]'",
    });
  });

  it('marks an error as ours and not as a finding', async () => {
    const { points } = parse(await emit(ofVerdict('error')));
    expect(points.get('faults/sigbus/beyond-eof')?.diag).toMatchObject({
      verdict: 'error',
      note: expect.stringContaining('nothing about the kernel') as string,
      reason: 'Expected an end frame, got end of file',
    });
  });

  it('shows a crash with title and console, without time stamps, pids and addresses', async () => {
    const { points } = parse(await emit(ofVerdict('crash')));
    expect(points.get('faults/sigbus/private-page')?.diag).toMatchObject({
      verdict: 'crash',
      crash: {
        kind: 'panic',
        title: 'Kernel panic - not syncing: VFS: sysrq triggered crash',
        console: [
          'Kernel panic - not syncing: VFS: sysrq triggered crash',
          'CPU: 0 UID: 0 PID: * Comm: init',
          'RSP: 0018:<address> reboot: System halted',
        ],
      },
    });
  });

  it.each(['pass', 'skip', 'xfail'] as const)('is ok as a whole when all is %s', async (verdict) => {
    expect(parse(await emit(ofVerdict(verdict)))).toMatchObject({ ok: true, failures: 0 });
  });

  it.each(['fail', 'xpass', 'error', 'crash'] as const)(
    'is not ok as a whole after one %s',
    async (verdict) => {
      const records = [makeRecord('a', 'fine'), ...ofVerdict(verdict)];
      expect(parse(await emit(records))).toMatchObject({ ok: false });
    },
  );

  it('starts with the version line, then says on what it was made', async () => {
    const [version, , ...lines] = (await emit(ofVerdict('pass'))).split('\n');
    expect(version).toBe('TAP version 14');
    expect(lines.slice(0, 4)).toEqual([
      '# target: qemu:mainline-7.3',
      '# arch: x86_64',
      '# kernel: 7.3.4-gmemcheck',
      '# profile: d0-mainline',
    ]);
  });

  it('brings names and texts with odd characters through', async () => {
    const names = [
      'a#b',
      'sp ace',
      'back\\slash',
      '100%',
      'open{',
      '-dash',
      'äöü',
      '1..2',
      '---',
      'ok',
      'tab\tcr\r',
    ];
    const text = 'x: "y" # SKIP {\n...\r\n---\u001b[31m red\u2028 \ud800 {';
    const records = names.flatMap((name) => [
      makeRecord('odd', `${name}-pass`),
      makeRecord('odd', `${name}-skip`, { verdict: 'skip', code: 'arch:x', reason: text }),
      makeRecord('odd', `${name}-error`, { verdict: 'error', reason: text, calls: [text, '...', '---', ''] }),
      makeRecord('odd', name, { verdict: 'xfail', reason: text }),
    ]);
    const { points, failures, ok } = parse(await emit(records));
    expect([...points.keys()].map(decodeURIComponent)).toEqual(records.map(({ id }) => id));
    for (const [id, { skip, todo, diag }] of points) {
      if (id.endsWith('-skip')) expect(skip).toBe('arch:x x: "y" # SKIP { ... --- red \ufffd (');
      else if (id.endsWith('-error'))
        expect(diag).toMatchObject({ reason: 'x: "y" # SKIP { ... --- red \ufffd {' });
      else if (!id.endsWith('-pass')) expect(todo).toContain('x: "y"');
    }
    // One: the suite. Nothing was read as anything but TAP, which the strict pragma would count.
    expect([ok, failures]).toEqual([false, 1]);
  });

  it('bails out instead of looking like success when nothing was recorded', async () => {
    expect(parse(await emit([]))).toMatchObject({ ok: false, bailout: 'no case was executed' });
  });

  it('keeps what was recorded and bails out when the run was abandoned', async () => {
    const { ok, bailout, points } = parse(await emit(ofVerdict('pass'), 'the guest never\nbooted'));
    expect([ok, bailout, points.size]).toEqual([false, 'the guest never booted', 1]);
  });

  it('writes 5,000 points, in order and complete', async () => {
    const records = Array.from({ length: 5000 }, (_, n) =>
      makeRecord(
        `area/s${Math.floor(n / 100)}`,
        `case[n=${n}]`,
        n % 7 === 0
          ? {
              ...ofVerdict('fail')[0],
              id: `area/s${Math.floor(n / 100)}/case[n=${n}]`,
              suite: `area/s${Math.floor(n / 100)}`,
            }
          : {},
      ),
    );
    const { points } = parse(await emit(records));
    expect([...points.keys()]).toEqual(records.map(({ id }) => id));
  });

  it('is byte-identical for runs that differ in durations, addresses and boot times', async () => {
    const run = (ms: number, base: bigint, stamp: string): CaseRecord[] =>
      EVERY_VERDICT.map((record) => ({
        ...record,
        durationMs: ms,
        calls: [`mmap(NULL, 0x2000) = 0x${base.toString(16)}`, `store 0x${(base + 0x1008n).toString(16)}`],
        ...(record.crash && {
          crash: { ...record.crash, excerpt: [`[   ${stamp}] BUG at ffff8880${stamp.slice(-4)}aaaa`] },
        }),
      }));
    const first = await emit(run(1, 0x7f12_3456_7000n, '1.000001'));
    expect(await emit(run(77.5, 0x7ffa_0000_3000n, '2.345678'))).toBe(first);
    expect(first).toContain('store addr1+0x1008');
    expect(first).not.toContain('time=');
  });

  it('refuses records of a suite that has ended', async () => {
    await expect(emit([makeRecord('a', 'x'), makeRecord('b', 'x'), makeRecord('a', 'y')])).rejects.toThrow(
      'Expected records grouped by suite, got a/y after suite a had ended',
    );
  });

  it('refuses an id that comes twice, and one outside its suite', async () => {
    await expect(emit([makeRecord('a', 'x'), makeRecord('a', 'x')])).rejects.toThrow('a/x again');
    await expect(emit([makeRecord('a', 'x', { id: 'b/x' })])).rejects.toThrow('a/CASE in suite a, got "b/x"');
  });

  it('completes the other sinks and rejects when one fails', async () => {
    const broken = new PassThrough();
    const { sink, text } = memory();
    const report = new TapReport(IDENTITY, broken, sink);
    report.record(makeRecord('a', 'x'));
    broken.destroy(new Error('EPIPE'));
    report.record(makeRecord('a', 'y'));
    await expect(report.end()).rejects.toThrow('Could not write the TAP report: EPIPE');
    expect(parse(text())).toMatchObject({ ok: true });
  });
});
