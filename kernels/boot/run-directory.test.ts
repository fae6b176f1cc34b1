// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { makeRunDirectory, PID_FILE } from './run-directory.js';

it('makes a private directory and removes those whose QEMU is gone, once per process', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'gmemcheck-run-'));
  vi.stubEnv('TMPDIR', parent);
  try {
    const left = (name: string, pid?: number): string => {
      const directory = join(parent, name);
      mkdirSync(directory);
      if (pid !== undefined) writeFileSync(join(directory, PID_FILE), `${pid}\n`);
      return directory;
    };
    const dead = left('gmemcheck-qemu-dead', 2 ** 22 + 1); // above the largest pid_max
    const alive = left('gmemcheck-qemu-alive', process.pid);
    const starting = left('gmemcheck-qemu-starting');
    const foreign = left('somebody-else', 2 ** 22 + 1);
    const made = await makeRunDirectory();
    expect(statSync(made).mode & 0o777).toBe(0o700);
    expect([dead, alive, starting, foreign].map((each) => existsSync(each))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  } finally {
    vi.unstubAllEnvs();
    rmSync(parent, { recursive: true });
  }
});
