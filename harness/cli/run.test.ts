// SPDX-License-Identifier: GPL-2.0-only
/** `gmemcheck run` on the running kernel, through the agent: verdicts, exit codes, reports, resuming. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../run/journal-read.js';
import { hasCompiler, hasKvm } from '../target/here.test-helper.js';
import { gmemcheck, MAIN, scratch } from './command-line.test-helper.js';
import type { Ended } from './command-line.test-helper.js';
import { SUITES } from './paths.js';

const { dir, put } = scratch();
const out = join(dir, 'runs');
const agent = (...args: string[]): Promise<Ended> =>
  gmemcheck(['run', '--target', 'agent', '--out', out, ...args]);
const here = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const other = here === 'x86_64' ? 'aarch64' : 'x86_64';

/** A case of the shipped suites that needs nothing but /dev/kvm. */
const shipped = readFileSync(join(SUITES, 'caps', 'access.yaml'), 'utf8');
const case_ = /^ {2}- id: api-version\n(?: {4}.*\n)+/m.exec(shipped)?.[0] ?? '';
const suite = (name: string, cases: string, head = ''): string =>
  `suite: t/${name}\nabout: A.\n${head}cases:\n${cases}`;

const right = put('right.yaml', suite('right', case_));
const wrong = put('wrong.yaml', suite('wrong', case_.replace('value: KVM_API_VERSION', 'value: 13')));
const elsewhere = put('elsewhere.yaml', suite('elsewhere', case_, `arch: [${other}]\n`));
const misspelt = put('misspelt.yaml', suite('misspelt', case_, 'requires: [gmen]\n'));
const lost = put(
  'lost.yaml',
  suite(
    'lost',
    case_ +
      '  - { id: dependent, about: D., steps: [{ open: { kind: "null" } }, { mmap: { of: file, length: 0 }, expect: { errno: EINVAL } }, { load: 0 }] }\n',
  ),
);

describe.skipIf(!hasKvm || !hasCompiler)(
  'gmemcheck run --target agent (needs /dev/kvm and a C compiler)',
  () => {
    it('prints TAP on stdout, the rest on stderr, and ends with 0 when all is as expected', async () => {
      const { code, stdout, stderr } = await agent('--suites', right);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^TAP version 14\n[^]*\n {4}ok 1 - api-version\n[^]*\n1\.\.1$/);
      expect(stderr).toMatch(/^agent \S+ \S+: profile /);
      const run = join(out, 'latest');
      expect(readdirSync(run).sort()).toEqual([
        'console.log',
        'environment.json',
        'journal.ndjson',
        'report.ktap',
        'report.tap',
        'traces.ndjson',
      ]);
      expect(readFileSync(join(run, 'report.tap'), 'utf8').trim()).toBe(stdout.trim());
    });

    it('prints KTAP, JSON or nothing when asked to', async () => {
      expect((await agent('--suites', right, '--format', 'ktap')).stdout).toMatch(/^KTAP version 1\n/);
      expect((await agent('--suites', right, '--format', 'none')).stdout).toBe('');
      const { stdout } = await agent('--suites', right, '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        exit: { code: 0 },
        totals: { executed: 1 },
        unexpected: [],
      });
    });

    describe('a wrong expectation in a copy of a shipped case', () => {
      let ended: Ended;
      beforeAll(async () => {
        ended = await agent('--suites', wrong, '--no-spec');
      });

      it('ends the run with 1', () => expect(ended.code).toBe(1));

      it('is a not ok with place, step, calls, expected and seen', () => {
        expect(ended.stdout).toMatch(/^ {4}not ok 1 - api-version$/m);
        for (const text of [
          'wrong.yaml:8:16',
          'ioctl: {on: kvm, cmd: 44544, value: 0}',
          'openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = kvm',
          'ioctl(kvm, KVM_GET_API_VERSION, 0) = 12',
          'success, value 13',
          'success, value 12',
        ])
          expect(ended.stdout).toContain(text);
      });

      it('has a replay command that does just that', async () => {
        const [, command = ''] = /^ {4}# replay: gmemcheck (.*)$/m.exec(ended.stdout) ?? [];
        expect(command).toBe(`run --target agent --no-spec --suites ${wrong} t/wrong/api-version`);
        const again = await gmemcheck([...command.split(' '), '--out', out]);
        expect(again.code).toBe(1);
        expect(again.stdout).toBe(ended.stdout);
      });
    });

    it('is unsure of the kernel where case and specification contradict each other, and names both', async () => {
      const { code, stdout } = await agent('--suites', wrong);
      expect(code).not.toBe(0);
      expect(stdout).toContain('verdict: error');
      expect(stdout).toMatch(/the case refuses what the specification allows: step 1, ioctl/);
    });

    describe('no false green:', () => {
      it('all skipped ends with 3, with --kselftest with 4', async () => {
        const plain = await agent('--suites', elsewhere);
        expect(plain.code).toBe(3);
        expect(plain.stdout).toContain(`# SKIP arch:${here} holds for ${other} only`);
        expect((await agent('--suites', elsewhere, '--kselftest')).code).toBe(4);
        expect((await agent('--suites', right, '--suites', elsewhere, '--kselftest')).code).toBe(0);
      });

      it('fewer points than the minimum end with 3', async () => {
        const { code, stderr } = await agent('--suites', right, '--minimum', '2');
        expect(code).toBe(3);
        expect(stderr).toContain('at least 2 executed cases, got 1');
      });

      it('a step that could not be tried is an error, and ends with 1', async () => {
        const { code, stdout } = await agent('--suites', lost);
        expect(code).toBe(1);
        expect(stdout).toContain('not every step was executed');
        expect(stdout).toContain('load64(m) = ? (not called: an object it needs was not made)');
      });

      it('a misspelt feature is bad input, not a skip', async () => {
        const { code, stdout, stderr } = await agent('--suites', misspelt);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toContain("expected a feature of features.yaml, got 'gmen'; did you mean 'gmem'?");
      });
    });

    it('gives the same report when it runs again', async () => {
      const [a, b] = [
        await agent('--suites', right, '--suites', wrong),
        await agent('--suites', right, '--suites', wrong),
      ];
      expect(a.stdout).toBe(b.stdout);
    });
  },
);

/** Some seconds of points that each wait, so that a run can be interrupted. */
const wait = '{ touch: { how: futex_wait }, expect: { errno: EAGAIN } }';
const slow = put(
  'slow.yaml',
  suite(
    'slow',
    `  - id: c\n    about: W.\n    matrix: { i: 0..199 }\n    steps: [{ mmap: { length: page_size } }, { store: { value: 2 } }, ${Array.from({ length: 60 }, () => wait).join(', ')}]\n`,
  ),
);

describe.skipIf(!hasKvm || !hasCompiler)('a run that is stopped (needs /dev/kvm and a C compiler)', () => {
  const args = ['run', '--target', 'agent', '--format', 'none', '--suites', slow];

  /** Start a run, send a signal when some points are recorded; the run directory and the exit. */
  async function stopped(
    signal: 'SIGINT' | 'SIGKILL',
    root: string,
  ): Promise<{ run: string; code: number | undefined; stderr: string }> {
    const child = execa(process.execPath, [MAIN, ...args, '--out', root], { reject: false, timeout: 60_000 });
    const journal = join(root, 'latest', 'journal.ndjson');
    const records = (): number =>
      existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length : 0;
    for (let i = 0; i < 3000 && records() < 5; i++) await new Promise((done) => setTimeout(done, 5));
    child.kill(signal);
    const { exitCode, stderr } = await child;
    return { run: join(root, 'latest'), code: exitCode, stderr };
  }

  it.each(['SIGINT', 'SIGKILL'] as const)(
    'by %s loses nothing that was recorded, and is resumed',
    async (signal) => {
      const { run, code, stderr } = await stopped(signal, join(dir, signal));
      const before = readJournal(join(run, 'journal.ndjson'));
      expect(before.trailer).toBeUndefined();
      expect(before.records.length).toBeGreaterThanOrEqual(3);
      expect(before.records.length).toBeLessThan(200);
      if (signal === 'SIGINT') {
        expect(code).toBe(3);
        expect(stderr).toContain('stopping after this point');
        expect(stderr).toContain('continue with --resume');
      }
      const resumed = await gmemcheck([...args, '--resume', run]);
      expect(resumed.stderr).toContain(`resuming after ${before.records.length} of 200 points`);
      expect(resumed.code).toBe(0);
      const after = readJournal(join(run, 'journal.ndjson'));
      expect(after.records.slice(0, before.records.length)).toEqual(before.records);
      expect(after.records).toHaveLength(200);
      expect(after.trailer?.totals.counts.pass).toBe(200);
      expect(readFileSync(join(run, 'report.tap'), 'utf8').match(/^ {4}ok /gm)).toHaveLength(200);
    },
  );

  it('is not resumed once it is complete, nor with other points', async () => {
    const root = join(dir, 'complete');
    await gmemcheck(['run', '--target', 'agent', '--format', 'none', '--suites', right, '--out', root]);
    const run = join(root, 'latest');
    const complete = await gmemcheck(['run', '--target', 'agent', '--suites', right, '--resume', run]);
    expect(complete).toMatchObject({ code: 2, stdout: '' });
    expect(complete.stderr).toContain('nothing to resume');
    const journal = join(run, 'journal.ndjson');
    const [header = ''] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, `${header}\n`);
    const others = await gmemcheck(['run', '--target', 'agent', '--suites', slow, '--resume', run]);
    expect(others.code).toBe(2);
    expect(others.stderr).toContain('expected a run of the same kernel, profile, suites and points');
  });
});

describe.skipIf(!hasKvm || !hasCompiler)('what a run is told by (needs /dev/kvm and a C compiler)', () => {
  const two = put(
    'two.yaml',
    suite('two', case_ + case_.replace('id: api-version', 'id: api-version-again')),
  );

  it('is not resumed with as many other points of the same suites', async () => {
    const root = join(dir, 'others');
    await agent('--suites', two, '--out', root, 't/two/api-version');
    const journal = join(root, 'latest', 'journal.ndjson');
    const [header = ''] = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, `${header}\n`);
    const resume = ['--suites', two, '--resume', join(root, 'latest')];
    const others = await agent(...resume, 't/two/api-version-again');
    expect(others.code).toBe(2);
    expect(others.stderr).toContain('expected a run of the same kernel, profile, suites and points');
    expect((await agent(...resume, 't/two/api-version')).code).toBe(0);
  });

  it('is in environment.json the hash of the suites it read, not of those shipped', async () => {
    const root = join(dir, 'hashes');
    const hash = async (path: string): Promise<unknown> => {
      await agent('--suites', path, '--out', root);
      const text = readFileSync(join(root, 'latest', 'environment.json'), 'utf8');
      return (JSON.parse(text) as { suites: unknown }).suites;
    };
    const [a, b, again] = [await hash(right), await hash(two), await hash(right)];
    expect(a).toEqual({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
  });
});

describe.skipIf(!hasKvm)('gmemcheck probe (needs /dev/kvm)', () => {
  it('says as JSON what the kernel has, and why', async () => {
    const { code, stdout } = await gmemcheck(['probe', '--json', '--target', 'host']);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as {
      vmTypes: { type: string; present: boolean }[];
      reasons: string[];
      features: object;
    };
    expect(found.vmTypes[0]).toMatchObject({ type: 'default', present: true });
    expect(found.reasons.length).toBeGreaterThan(3);
    expect(Object.keys(found.features)).toContain('gmem');
  });

  it('says the same as a table', async () => {
    const { code, stdout } = await gmemcheck(['probe', '--target', 'host']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^host: Linux /);
    expect(stdout).toContain('Conclusions, in the order they were drawn:');
  });
});
