// SPDX-License-Identifier: GPL-2.0-only
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import type { Guest } from './guest.js';
import { makeSnapshot, readSnapshot, streamOf } from './snapshot.js';

let parent = '';
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'gmemcheck-snapshots-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A QEMU that migrates five bytes, or refuses to. */
function guest(status = 'completed'): Guest {
  const directory = mkdtempSync(join(parent, 'run-'));
  const execute = (command: string, args?: Record<string, unknown>): Promise<unknown> => {
    if (command === 'query-migrate') return Promise.resolve({ status });
    if (status === 'refused') return Promise.reject(new TargetError('QEMU refused migrate: no'));
    const [, path = ''] = /^unix:(.*)$/.exec(String(args?.uri)) ?? [];
    connect(path).end('state');
    return Promise.resolve({});
  };
  return { directory, qmp: { execute } } as unknown as Guest;
}

describe('makeSnapshot', () => {
  it('stores the stream and both times when restoring is faster', async () => {
    const directory = join(parent, 'key');
    const record = await makeSnapshot(
      guest(),
      directory,
      { bootMs: 1500, bootSplat: 'WARNING: x' },
      (stream) => {
        expect(readFileSync(stream, 'utf8')).toBe('state');
        return Promise.resolve(80);
      },
    );
    expect(record).toEqual({
      use: 'snapshot',
      reason: 'boot 1500 ms, restore 80 ms',
      bootMs: 1500,
      restoreMs: 80,
      bytes: 5,
      bootSplat: 'WARNING: x',
    });
    expect(await readSnapshot(directory)).toEqual(record);
    expect(readFileSync(streamOf(directory), 'utf8')).toBe('state');
  });

  it('remembers to boot when restoring is slower', async () => {
    const directory = join(parent, 'key');
    const made = await makeSnapshot(guest(), directory, { bootMs: 100 }, () => Promise.resolve(200));
    expect(made).toMatchObject({ use: 'boot', reason: 'boot 100 ms, restore 200 ms' });
    expect(await readSnapshot(directory)).toEqual(made);
    expect(readdirSync(directory)).toEqual(['snapshot.json']);
  });

  it.each<[string, string, () => Promise<number>, RegExp]>([
    ['the restored guest does not answer', 'completed', () => Promise.reject(new Error('mute')), /mute/],
    ['QEMU cannot migrate', 'refused', () => Promise.resolve(1), /QEMU refused/],
    ['the migration fails', 'failed', () => Promise.resolve(1), /it is failed/],
  ])('boots this time, and tries again the next, when %s', async (_what, status, tryRestore, reason) => {
    const store = join(parent, 'store');
    const directory = join(store, 'key');
    const attempt = makeSnapshot(guest(status), directory, { bootMs: 100 }, tryRestore);
    expect(await attempt).toEqual({ use: 'boot', reason: expect.stringMatching(reason) as string });
    expect(readdirSync(store)).toEqual([]);
    await makeSnapshot(guest(), directory, { bootMs: 100 }, () => Promise.resolve(1));
    expect(await readSnapshot(directory)).toMatchObject({ use: 'snapshot' });
  });

  it('keeps the forty snapshots that were used last', async () => {
    const store = join(parent, 'store');
    for (let age = 1; age <= 44; age++) {
      const directory = join(store, `old-${age}`);
      mkdirSync(directory, { recursive: true });
      const used = Date.now() / 1000 - age * 60;
      utimesSync(directory, used, used);
    }
    await makeSnapshot(guest(), join(store, 'new'), { bootMs: 100 }, () => Promise.resolve(1));
    const kept = readdirSync(store);
    expect(kept).toHaveLength(40);
    expect(kept).toContain('new');
    expect(kept).not.toContain('old-40');
  });
});

describe('readSnapshot', () => {
  it('takes a damaged record for none, and out of the way', async () => {
    const directory = join(parent, 'key');
    mkdirSync(directory);
    writeFileSync(join(directory, 'snapshot.json'), '{');
    expect(await readSnapshot(directory)).toBeUndefined();
    expect(readdirSync(parent)).toEqual([]);
  });
  it('forgets a failure that was stored once', async () => {
    const directory = join(parent, 'key');
    mkdirSync(directory);
    writeFileSync(join(directory, 'snapshot.json'), '{ "use": "boot", "reason": "no working snapshot: x" }');
    expect(await readSnapshot(directory)).toBeUndefined();
    expect(readdirSync(parent)).toEqual([]);
  });
});
