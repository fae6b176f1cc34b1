// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CaseRecord } from '../judge/verdict.js';
import type { TestPoint } from '../suite/expand.js';
import { pointsOf, profile } from '../suite/suites.test-helper.js';
import type { CrashReport } from '../target/executor.js';
import { NOTHING_PROBED } from '../target/fake-kernel.test-helper.js';
import { TargetError } from '../target/executor.js';
import { fakeTarget, FakeExecutor, no, yes } from '../target/fake-executor.test-helper.js';
import type { Behaviour } from '../target/fake-executor.test-helper.js';
import { Journal } from './journal.js';
import { readJournal } from './journal-read.js';
import { createRunDir } from './run-dir.js';
import type { RunDir } from './run-dir.js';
import { runSuites } from './run-suites.js';
import type { RunResult } from './run-suites.js';
import type { Session } from './session.js';

const EIO = 5;
const four = pointsOf('matrix: { i: 0..3 }\nsteps: [{ create_vm: { raw: $i } }]\n');
const skipped: TestPoint[] = four.map((p) => ({ ...p, skip: { code: 'arch:x86_64', reason: 'r' } }));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gmemcheck-run-'));
});
afterEach(() => rmSync(root, { recursive: true }));

interface Given {
  points?: readonly TestPoint[];
  behave?: Behaviour;
  earlier?: readonly CaseRecord[];
  minimum?: number;
  signal?: AbortSignal;
  settle?: () => Promise<CrashReport | undefined>;
  /** What console.log has already. */
  console?: string;
}
interface Ran extends RunResult {
  dir: RunDir;
  executor: FakeExecutor;
  /** What went to the stream beside the file. */
  stream: string;
}

async function run(given: Given): Promise<Ran> {
  const { points = four, behave, earlier = [], minimum = 1, signal, settle } = given;
  const executor = Object.assign(new FakeExecutor(behave), settle && { settle });
  const target = await fakeTarget(executor);
  const identity = {
    target: 'fake',
    arch: 'x86_64',
    release: '7.3.4-fake',
    profile: 'd0-mainline',
    pageSize: 4096,
    evidence: 'model' as const,
  };
  const session: Session = {
    target,
    profile: profile('d0-mainline'),
    profileReason: '',
    probe: NOTHING_PROBED,
    features: new Map(),
    identity,
  };
  const dir = await createRunDir({ root, target: 'fake', arch: 'x86_64' });
  if (given.console !== undefined) writeFileSync(dir.console, given.console);
  const header = { identity, suitesHash: 'x', planned: points.length, startedAt: '2026-01-01T00:00:00Z' };
  const journal = Journal.create(dir.journal, header);
  for (const record of earlier) journal.record(record);
  let stream = '';
  const tap = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stream += chunk.toString();
      done();
    },
  });
  const result = await runSuites({
    session,
    points,
    dir,
    journal,
    earlier,
    replay: (id) => `replay ${id}`,
    tap: [tap],
    minimum,
    signal: signal ?? new AbortController().signal,
  });
  return { ...result, dir, executor, stream };
}

const verdicts = ({ records }: RunResult): string[] => records.map((r) => r.verdict);

describe('a run in which all is well', () => {
  it('ends with 0, a complete journal, and the same TAP in file and stream', async () => {
    const ran = await run({});
    expect(ran.exit).toEqual({ code: 0 });
    expect(verdicts(ran)).toEqual(['pass', 'pass', 'pass', 'pass']);
    const journal = readJournal(ran.dir.journal);
    expect(journal.records).toEqual(ran.records);
    expect(journal.trailer?.totals).toMatchObject({ recorded: 4, planned: 4 });
    expect(readFileSync(ran.dir.tap, 'utf8')).toBe(ran.stream);
    expect(ran.stream).toMatch(/^TAP version 14\n[^]*\n1\.\.1\n/);
    expect(readFileSync(ran.dir.ktap, 'utf8')).toBe(ran.ktap);
    expect(readFileSync(ran.dir.console, 'utf8')).toBe('the console\n');
  });

  it('runs every program once, in order', async () => {
    const seen: bigint[] = [];
    const { executor } = await run({
      behave: (program) => {
        const op = program.ops.at(-1);
        seen.push(op?.code === 'syscall' ? (op.args[2]?.add ?? -1n) : -1n);
        return { reply: yes(program) };
      },
    });
    expect(seen).toEqual([0n, 1n, 2n, 3n]);
    expect(executor.ran).toBe(4);
  });
});

describe('a finding', () => {
  it('ends the run with 1, and the other points run', async () => {
    const ran = await run({ behave: (p, n) => ({ reply: n === 1 ? no(p, EIO) : yes(p) }) });
    expect(verdicts(ran)).toEqual(['pass', 'fail', 'pass', 'pass']);
    expect(ran.exit.code).toBe(1);
    expect(ran.stream).toContain('replay a/b/c[i=1]');
  });

  it('that is a crash does so too', async () => {
    const crash = { kind: 'panic' as const, title: 'Kernel panic', excerpt: ['[ 1.0] Kernel panic'] };
    const ran = await run({ behave: (p, n) => (n === 2 ? { crash } : { reply: yes(p) }) });
    expect(verdicts(ran)).toEqual(['pass', 'pass', 'crash', 'pass']);
    expect(ran.exit.code).toBe(1);
  });

  it('is in the journal before the next point begins', async () => {
    const counts: number[] = [];
    let journal = '';
    const ran = await run({
      behave: (p) => {
        journal ||= join(root, 'latest', 'journal.ndjson');
        counts.push(readJournal(journal).records.length);
        return { reply: yes(p) };
      },
    });
    expect(counts).toEqual([0, 1, 2, 3]);
    expect(readJournal(ran.dir.journal).trailer).toBeDefined();
  });
});

describe('no false green:', () => {
  it('no points at all end with 3', async () => {
    const ran = await run({ points: [] });
    expect(ran.exit).toEqual({ code: 3, message: 'Nothing was executed: no case ran' });
  });

  it('only skips end with 3, and nothing is run', async () => {
    const ran = await run({ points: skipped });
    expect(ran.exit).toEqual({ code: 3, message: 'Nothing was executed: all 4 cases were skipped' });
    expect(ran.executor.ran).toBe(0);
  });

  it('fewer executed points than the minimum end with 3', async () => {
    const ran = await run({ points: [...skipped.slice(0, 2), ...four.slice(2)], minimum: 3 });
    expect(ran.exit.code).toBe(3);
    expect(ran.exit.message).toMatch(/at least 3 executed cases, got 2/);
  });

  it('an executor that fails for every program ends with 3', async () => {
    const ran = await run({ behave: () => Promise.reject(new TargetError('lost the agent', 'program')) });
    expect(verdicts(ran)).toEqual(['error', 'error', 'error', 'error']);
    expect(ran.exit.code).toBe(3);
  });

  it('one error among passes ends with 1', async () => {
    const ran = await run({
      behave: (p, n) => (n === 3 ? Promise.reject(new TargetError('lost', 'program')) : { reply: yes(p) }),
    });
    expect(ran.exit.code).toBe(1);
  });

  it('a reply of another program is no pass', async () => {
    await expect(run({ behave: (p) => ({ reply: { ...yes(p), results: [] } }) })).rejects.toThrow(
      /expected 2 results/,
    );
  });
});

describe('a target on which nothing more can run', () => {
  const lost: Behaviour = (p, n) =>
    n === 2 ? Promise.reject(new TargetError('the guest does not boot')) : { reply: yes(p) };

  it('ends the run with 3, says at which point and why, and leaves the journal open', async () => {
    const ran = await run({ behave: lost });
    expect(ran.exit).toEqual({ code: 3, message: 'a/b/c[i=2]: the guest does not boot' });
    expect(verdicts(ran)).toEqual(['pass', 'pass']);
    expect(readJournal(ran.dir.journal).trailer).toBeUndefined();
    expect(ran.stream).toMatch(/^\s*Bail out! .*the guest does not boot/m);
    expect(ran.ktap).toContain('the guest does not boot');
  });

  it('does not hide a finding made before', async () => {
    const ran = await run({ behave: (p, n) => (n === 0 ? { reply: no(p, EIO) } : lost(p, n)) });
    expect(ran.exit.code).toBe(1);
  });
});

describe('what the kernel says after the last point', () => {
  const late: CrashReport = { kind: 'splat', title: 'BUG: KASAN: late', excerpt: [] };
  const settle = (): Promise<CrashReport> => Promise.resolve(late);

  it('ends a run in which all passed with 1, for every reader, and it cannot be resumed', async () => {
    const ran = await run({ settle });
    expect(verdicts(ran)).toEqual(['pass', 'pass', 'pass', 'pass']);
    expect(ran.exit).toEqual({ code: 1, message: 'after the last point: BUG: KASAN: late' });
    expect(ran.stream).toMatch(/^Bail out! .*BUG: KASAN: late$/m);
    expect(ran.ktap).toMatch(/^not ok 2 gmemcheck # ERROR .*BUG: KASAN: late$/m);
    expect(readJournal(ran.dir.journal).trailer?.crash).toContain('BUG: KASAN: late');
  });

  it('is asked for in a run that was interrupted, too', async () => {
    expect((await run({ settle, signal: AbortSignal.abort() })).exit.code).toBe(1);
  });

  it('ends the run with 3 when it cannot be asked, and leaves the journal open', async () => {
    const ran = await run({ settle: () => Promise.reject(new TargetError('lost the guest')) });
    expect(ran.exit).toEqual({ code: 3, message: 'after the last point: lost the guest' });
    expect(readJournal(ran.dir.journal).trailer).toBeUndefined();
  });
});

describe('a defect of ours in the middle of a run', () => {
  it('propagates, and leaves an open journal, the console and a TAP report that bails out', async () => {
    const broken: Behaviour = (p, n) => {
      if (n === 2) throw new RangeError('ours');
      return { reply: yes(p) };
    };
    await expect(run({ behave: broken, console: 'before\n' })).rejects.toThrow(new RangeError('ours'));
    const latest = (name: string): string => join(root, 'latest', name);
    expect(readJournal(latest('journal.ndjson'))).toMatchObject({ records: [{}, {}] });
    expect(readJournal(latest('journal.ndjson')).trailer).toBeUndefined();
    expect(readFileSync(latest('report.tap'), 'utf8')).toMatch(/^Bail out! gmemcheck failed: ours$/m);
    expect(readFileSync(latest('console.log'), 'utf8')).toBe('before\nthe console\n');
  });
});

describe('a run that is interrupted', () => {
  it('stops after the point in flight, with 3 and how to go on', async () => {
    const abort = new AbortController();
    const ran = await run({
      signal: abort.signal,
      behave: (p, n) => {
        if (n === 1) abort.abort();
        return { reply: yes(p) };
      },
    });
    expect(verdicts(ran)).toEqual(['pass', 'pass']);
    expect(ran.exit).toEqual({ code: 3, message: 'interrupted; continue with --resume' });
    expect(readJournal(ran.dir.journal).trailer).toBeUndefined();
  });

  it('during its last point is complete', async () => {
    const abort = new AbortController();
    const ran = await run({
      signal: abort.signal,
      behave: (p, n) => {
        if (n === 3) abort.abort();
        return { reply: yes(p) };
      },
    });
    expect(ran.exit.code).toBe(0);
    expect(readJournal(ran.dir.journal).trailer).toBeDefined();
  });

  it('is resumed with what is left, and reports all of it', async () => {
    const whole = await run({});
    const ran = await run({ earlier: whole.records.slice(0, 3), console: 'of the first part\n' });
    expect(ran.executor.ran).toBe(1);
    expect(readFileSync(ran.dir.console, 'utf8')).toBe('of the first part\nthe console\n');
    expect(ran.records.map((r) => r.id)).toEqual(four.map((p) => p.id));
    expect(ran.stream).toBe(whole.stream);
    expect(ran.exit.code).toBe(0);
  });
});
