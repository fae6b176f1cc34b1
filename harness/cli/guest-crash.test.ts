// SPDX-License-Identifier: GPL-2.0-only
/** A guest that is driven to its death in the middle of a run: its case is the crash, the others have verdicts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Journal } from '../run/journal.js';
import { createRunDir } from '../run/run-dir.js';
import { runSuites } from '../run/run-suites.js';
import type { RunResult } from '../run/run-suites.js';
import { pointsOf, profile } from '../suite/suites.test-helper.js';
import { builtKernel, hasCompiler, hasQemu } from '../target/here.test-helper.js';
import { NOTHING_PROBED } from '../target/fake-kernel.test-helper.js';
import { KernelTarget } from '../target/kernel-target.js';
import { QemuExecutor } from '../target/qemu-executor.js';
import { gmemcheck, scratch } from './command-line.test-helper.js';

const kernel = await builtKernel();
const usable = kernel !== undefined && hasQemu && hasCompiler;
const here = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const { dir, put } = scratch();
const LIMIT_MS = 120_000;

const around = put(
  'crash.yaml',
  'suite: t/crash\nabout: A.\ncases:\n' +
    '  - { id: before, about: B., steps: [{ create_vm: default }] }\n' +
    '  - { id: panics, about: P., steps: [{ create_vm: default }, { sysrq: c }] }\n' +
    '  - { id: after, about: C., steps: [{ create_vm: default }] }\n',
);

describe.skipIf(!usable)('a run in a guest (needs QEMU, a compiler and a kernel that is built)', () => {
  it(
    'reports a panic as the crash of its case, boots anew and ends with 1',
    async () => {
      const args = [
        'run',
        '--target',
        'qemu',
        '--kernel',
        kernel ?? '',
        '--arch',
        here,
        '--suites',
        around,
        '--out',
        dir,
      ];
      const { code, stdout, stderr } = await gmemcheck(args);
      expect(code, stderr).toBe(1);
      expect(stdout).toMatch(/^ {4}ok 1 - before$/m);
      expect(stdout).toMatch(/^ {4}not ok 2 - panics$/m);
      expect(stdout).toMatch(/^ {4}ok 3 - after$/m);
      expect(stdout).toContain('verdict: crash');
      expect(stdout).toMatch(/kind: panic\n\s+title: "?Kernel panic - not syncing: sysrq triggered crash/);
      // The excerpt is that of the console: the call that did it is in the trace.
      expect(stdout).toMatch(/console:\n(.*\n)*?.*sysrq_handle_crash/);
      expect(stdout).toContain('pass:2 fail:0 crash:1 error:0');
      expect(
        readFileSync(join(dir, 'latest', 'console.log'), 'utf8').match(/sysrq triggered crash/g)?.length,
      ).toBeGreaterThan(0);
      expect(readFileSync(join(dir, 'latest', 'report.ktap'), 'utf8')).toContain('sysrq triggered crash');
    },
    LIMIT_MS,
  );

  it(
    'skips what would take down a kernel that is not ours',
    async () => {
      const { stdout, code } = await gmemcheck([
        'run',
        '--target',
        'agent',
        '--suites',
        around,
        '--out',
        dir,
      ]);
      expect(stdout === '' ? 'no KVM here' : stdout).toMatch(
        /ok 2 - panics # SKIP feature:disposable|no KVM here/,
      );
      expect([0, 3]).toContain(code);
    },
    LIMIT_MS,
  );

  it(
    'reports an agent that stops answering as a hang, boots anew and goes on',
    async () => {
      const result = await runWith(
        new QemuExecutor({
          kernel: kernel ?? '',
          arch: here,
          snapshot: false,
          graceMs: 2000,
          cmdline: ['GMEMCHECK_STOP_AFTER=1'],
        }),
      );
      expect(result.records.map((r) => r.verdict)).toEqual(['pass', 'crash', 'pass', 'crash']);
      expect(result.records[1]?.crash).toMatchObject({ kind: 'hang' });
      expect(result.exit.code).toBe(1);
    },
    LIMIT_MS,
  );
});

/** Four harmless points on an executor, without probing it first. */
async function runWith(executor: QemuExecutor): Promise<RunResult> {
  const points = pointsOf('matrix: { i: 0..3 }\nsteps: [{ create_vm: default }]\n');
  const target = new KernelTarget('qemu', executor, { disposable: true, timeoutMs: 2000 });
  await target.open();
  try {
    const identity = {
      target: 'qemu',
      arch: here,
      release: target.hello.release,
      profile: 'd0-mainline',
      pageSize: 4096,
      evidence: 'kernel' as const,
    };
    const runDir = await createRunDir({ root: dir, target: 'qemu', arch: here });
    const started = { identity, suitesHash: '', planned: points.length, startedAt: new Date().toISOString() };
    return await runSuites({
      session: {
        target,
        profile: profile('d0-mainline'),
        profileReason: '',
        probe: NOTHING_PROBED,
        features: new Map(),
        identity,
      },
      points,
      dir: runDir,
      journal: Journal.create(runDir.journal, started),
      earlier: [],
      replay: (id) => id,
      tap: [],
      minimum: 1,
      signal: new AbortController().signal,
    });
  } finally {
    await target.close();
  }
}
