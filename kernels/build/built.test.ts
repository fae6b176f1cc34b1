// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BUILD_RECORD, BUILT_CONFIG, readBuild } from './built.js';
import { findBuiltKernel } from './kernel.js';
import { loadRecipes } from './recipe.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-built-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const record = {
  name: 'k',
  arch: 'x86_64',
  version: '7.3.4-1',
  release: '7.3.4',
  hash: 'h',
  image: 'vmlinux',
  imageSha256: 'i',
  configSha256: 'c',
  tools: ['gcc'],
  objects: 3,
  seconds: 9,
};

describe('readBuild', () => {
  it('gives absolute paths and says that the kernel comes from the cache', async () => {
    writeFileSync(join(directory, BUILD_RECORD), JSON.stringify(record));
    writeFileSync(join(directory, 'vmlinux'), '');
    expect(await readBuild(directory)).toMatchObject({
      image: join(directory, 'vmlinux'),
      config: join(directory, BUILT_CONFIG),
      fromCache: true,
      release: '7.3.4',
    });
  });
  it('finds nothing where the image or the record is missing or damaged', async () => {
    expect(await readBuild(directory)).toBeUndefined();
    writeFileSync(join(directory, BUILD_RECORD), JSON.stringify(record));
    expect(await readBuild(directory)).toBeUndefined();
    writeFileSync(join(directory, BUILD_RECORD), '{');
    expect(await readBuild(directory)).toBeUndefined();
  });
});

describe('findBuiltKernel', () => {
  it('finds nothing in an empty cache, and asks no mirror', async () => {
    vi.stubEnv('XDG_CACHE_HOME', directory);
    for (const recipe of loadRecipes()) expect(await findBuiltKernel(recipe, 'x86_64')).toBeUndefined();
  });
});
