// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunDir, openRunDir, plainName } from './run-dir.js';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'gmemcheck-runs-')), 'runs');
});
afterEach(() => rmSync(join(root, '..'), { recursive: true }));

const NOW = new Date('2026-11-21T00:35:01.234Z');

describe('createRunDir', () => {
  it('names the directory by time, target, architecture and a short id', async () => {
    const run = await createRunDir({ root, target: 'qemu:mainline-7.3', arch: 'x86_64', now: NOW });
    expect(basename(run.path)).toMatch(/^20261121T003501Z-qemu-mainline-7\.3-x86_64-[0-9a-f]{6}$/);
    expect(statSync(run.path).mode & 0o777).toBe(0o755);
    expect(run.journal).toBe(join(run.path, 'journal.ndjson'));
    expect([run.tap, run.ktap, run.console, run.environment].map((path) => basename(path))).toEqual([
      'report.tap',
      'report.ktap',
      'console.log',
      'environment.json',
    ]);
  });

  it('never gives a directory twice, and leaves `latest` at the last one', async () => {
    const options = { root, target: 'host', arch: 'x86_64', now: NOW };
    const runs = [await createRunDir(options), await createRunDir(options), await createRunDir(options)];
    expect(new Set(runs.map(({ path }) => path)).size).toBe(3);
    expect(readlinkSync(join(root, 'latest'))).toBe(basename(runs[2]?.path ?? ''));
    expect(readdirSync(root)).toHaveLength(4);
  });

  it('makes directories for runs that start at once', async () => {
    const options = { root, target: 'host', arch: 'x86_64', now: NOW };
    const runs = await Promise.all(Array.from({ length: 8 }, () => createRunDir(options)));
    expect(new Set(runs.map(({ path }) => path)).size).toBe(8);
    expect(existsSync(join(root, 'latest'))).toBe(true);
  });

  it('refuses to replace a `latest` that is not a link', async () => {
    mkdirSync(join(root, 'latest'), { recursive: true });
    await expect(createRunDir({ root, target: 'host', arch: 'x86_64' })).rejects.toThrow('symbolic link');
  });
});

describe('openRunDir', () => {
  it('finds the files of a run, also through `latest`', async () => {
    const { path } = await createRunDir({ root, target: 'host', arch: 'x86_64' });
    expect((await openRunDir(path)).path).toBe(path);
    expect((await openRunDir(join(root, 'latest'))).tap).toBe(join(root, 'latest', 'report.tap'));
    await expect(openRunDir(join(root, 'none'))).rejects.toThrow('no such directory');
  });
});

describe('plainName', () => {
  it.each([
    ['qemu:mainline-7.3', 'qemu-mainline-7.3'],
    ['ssh:root@[::1]:22/../x', 'ssh-root-1-22-..-x'],
    ['../..', 'target'],
    ['', 'target'],
  ])('turns %j into %j', (target, name) => {
    expect(plainName(target)).toBe(name);
  });
});
