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
    const record = await makeSnapshot(guest(), directory, 1500, (stream) => {
      expect(readFileSync(stream, 'utf8')).toBe('state');
      return Promise.resolve(80);
    });
    expect(record).toEqual({
      use: 'snapshot',
      reason: 'boot 1500 ms, restore 80 ms',
      bootMs: 1500,
      restoreMs: 80,
      bytes: 5,
    });
    expect(await readSnapshot(directory)).toEqual(record);
    expect(readFileSync(streamOf(directory), 'utf8')).toBe('state');
  });

  it.each<[string, string, () => Promise<number>, RegExp]>([
    ['restoring is slower', 'completed', () => Promise.resolve(200), /restore 200 ms/],
    ['the restored guest does not answer', 'completed', () => Promise.reject(new Error('mute')), /mute/],
    ['QEMU cannot migrate', 'refused', () => Promise.resolve(1), /QEMU refused/],
    ['the migration fails', 'failed', () => Promise.resolve(1), /it is failed/],
  ])('remembers to boot when %s', async (_what, status, tryRestore, reason) => {
    const directory = join(parent, 'key');
    const attempt = makeSnapshot(guest(status), directory, 100, tryRestore);
    expect(await attempt).toMatchObject({ use: 'boot', reason: expect.stringMatching(reason) as string });
    expect(await readSnapshot(directory)).toMatchObject({ use: 'boot' });
    expect(readdirSync(directory)).toEqual(['snapshot.json']);
  });

  it('keeps the sixteen snapshots that were used last', async () => {
    const store = join(parent, 'store');
    for (let age = 1; age <= 20; age++) {
      const directory = join(store, `old-${age}`);
      mkdirSync(directory, { recursive: true });
      const used = Date.now() / 1000 - age * 60;
      utimesSync(directory, used, used);
    }
    await makeSnapshot(guest(), join(store, 'new'), 100, () => Promise.resolve(1));
    const kept = readdirSync(store);
    expect(kept).toHaveLength(16);
    expect(kept).toContain('new');
    expect(kept).not.toContain('old-16');
  });
});

describe('readSnapshot', () => {
  it('takes a damaged record for none', async () => {
    writeFileSync(join(parent, 'snapshot.json'), '{');
    expect(await readSnapshot(parent)).toBeUndefined();
  });
});
