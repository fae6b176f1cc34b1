// SPDX-License-Identifier: GPL-2.0-only
/** The compiled command line as a process of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll } from 'vitest';
import { packagePath } from '../../kernels/build/root.js';

export interface Ended {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

export const MAIN = packagePath('dist', 'harness', 'cli', 'main.js');

/** Run `gmemcheck …args` to its end. */
export async function gmemcheck(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...args], {
    reject: false,
    env: { KERNEL: undefined, NO_COLOR: '1', ...env },
    timeout: 300_000,
  });
  return { code: exitCode, stdout, stderr };
}

/** A directory for the tests of one file, removed after them. */
export function scratch(): { dir: string; put: (name: string, text: string) => string } {
  const dir = mkdtempSync(join(tmpdir(), 'gmemcheck-cli-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return {
    dir,
    put: (name, text) => {
      const path = join(dir, name);
      writeFileSync(path, text);
      return path;
    },
  };
}
