// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleLog } from './console-log.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-console-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('ConsoleLog', () => {
  it('is empty before QEMU has made the file', () => {
    expect(new ConsoleLog(join(directory, 'none')).all()).toBe('');
  });
  it('returns what was printed after a mark, without carriage returns', () => {
    const file = join(directory, 'console');
    appendFileSync(file, 'one\r\n');
    const log = new ConsoleLog(file);
    const mark = log.position();
    appendFileSync(file, 'two\r\n');
    expect(log.since(mark)).toBe('two\n');
    expect(log.all()).toBe('one\ntwo\n');
    log.close();
  });
  it('joins a character that was written in two pieces', () => {
    const file = join(directory, 'console');
    const bytes = Buffer.from('é');
    appendFileSync(file, bytes.subarray(0, 1));
    const log = new ConsoleLog(file);
    expect(log.all()).toBe('');
    appendFileSync(file, bytes.subarray(1));
    expect(log.all()).toBe('é');
    log.close();
  });
  it('keeps its text when the file is gone, and keeps marks valid when it forgets', () => {
    const file = join(directory, 'console');
    appendFileSync(file, 'x'.repeat(5 * 1024 * 1024));
    const log = new ConsoleLog(file);
    const mark = log.position();
    appendFileSync(file, 'end');
    log.close();
    rmSync(file);
    expect(log.since(mark)).toBe('end');
    expect(log.all().length).toBe(4 * 1024 * 1024);
  });
});
