// SPDX-License-Identifier: GPL-2.0-only
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagePath } from '../build/root.js';
import { repetition } from './reaper.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-reaper-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A process that supervises a `sleep`, prints its pid, and goes on as `rest` says. */
async function supervisor(rest: string) {
  const script = join(directory, 'script.ts');
  const runs = join(directory, 'run');
  mkdirSync(runs);
  writeFileSync(
    script,
    `import { spawn } from 'node:child_process';
     import { reapWithUs } from '${packagePath('kernels', 'boot', 'reaper.ts')}';
     const child = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
     reapWithUs(child, '${runs}');
     process.stdout.write(String(child.pid) + '\\n', () => { ${rest} });`,
  );
  const own = spawn(packagePath('node_modules', '.bin', 'vite-node'), [script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    cwd: packagePath(),
  });
  const ended = once(own, 'exit');
  const [pid] = (await once(own.stdout, 'data')) as [Buffer];
  return { own, ended, pid: Number(pid.toString()), runs };
}

async function gone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  process.kill(pid, 'SIGKILL');
  return false;
}

describe('reapWithUs', () => {
  it.each([
    ['exits', 'process.exit(0)'],
    ['throws', "throw new Error('x')"],
  ])('ends the child when this process %s', async (_what, rest) => {
    const { ended, pid, runs } = await supervisor(rest);
    await ended;
    expect(await gone(pid)).toBe(true);
    expect(existsSync(runs)).toBe(false);
  });
  it.each(['SIGINT', 'SIGTERM'] as const)('ends the child on %s, and then this process', async (signal) => {
    const { own, ended, pid } = await supervisor('setInterval(() => undefined, 1000)');
    own.kill(signal);
    await ended;
    expect(await gone(pid)).toBe(true);
  });
  it('leaves the child to whoever listens, until they end or the signal comes again', async () => {
    const { own, ended, pid } = await supervisor(
      "process.on('SIGINT', () => process.stdout.write('heard\\n')); setInterval(() => undefined, 1000)",
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    own.kill('SIGINT');
    await once(own.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(process.kill(pid, 0)).toBe(true);
    own.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await gone(pid)).toBe(true);
  });
});

describe('repetition', () => {
  it('takes what npm forwards after the terminal for the same press, and a later signal for a second', () => {
    const times = [0, 0, 20, 1000];
    let now = 0;
    const again = repetition(() => now);
    expect(
      times.map((time) => {
        now = time;
        return again();
      }),
    ).toEqual([false, false, false, true]);
  });
});
