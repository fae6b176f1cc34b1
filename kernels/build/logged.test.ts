// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { lastErrors, runLogged } from './logged.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-logged-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('lastErrors', () => {
  it('prefers complaints to what was printed after them', () => {
    const lines = ['  CC a.o', 'a.c:1:1: error: no', 'make: *** [a.o] Error 1', '  CC b.o'];
    expect(lastErrors(lines)).toEqual([lines[1], lines[2]]);
  });
  it('takes the last lines when nothing complained', () => {
    expect(lastErrors(Array.from({ length: 20 }, (_, i) => String(i)))).toHaveLength(12);
  });
});

describe('runLogged', () => {
  const run = (script: string, onLine?: (line: string) => void): Promise<void> =>
    runLogged('sh', ['-c', script], {
      cwd: directory,
      env: {},
      log: join(directory, 'log'),
      ...(onLine ? { onLine } : {}),
    });
  it('logs both streams and reports lines as they come', async () => {
    const lines: string[] = [];
    await run('echo out; echo err >&2', (line) => lines.push(line));
    expect(lines.sort()).toEqual(['err', 'out']);
    expect(readFileSync(join(directory, 'log'), 'utf8')).toMatch(/^\$ sh -c/);
  });
  it('fails with the complaint and the path of the log', async () => {
    const failure = run('echo "x.c:3:1: error: bad"; exit 2');
    await expect(failure).rejects.toBeInstanceOf(TargetError);
    await expect(failure).rejects.toThrow(/\| x\.c:3:1: error: bad\nfull log: .*\/log$/);
  });
});
