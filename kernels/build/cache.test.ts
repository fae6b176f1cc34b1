// SPDX-License-Identifier: GPL-2.0-only
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheDir } from './cache.js';

describe('the cache directory', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('lies below XDG_CACHE_HOME', () => {
    vi.stubEnv('XDG_CACHE_HOME', '/var/tmp/cache');
    expect(cacheDir('agent', 'abc')).toBe('/var/tmp/cache/gmemcheck/agent/abc');
  });

  it.each(['', 'relative/cache'])('lies below ~/.cache when XDG_CACHE_HOME is "%s"', (value) => {
    vi.stubEnv('XDG_CACHE_HOME', value);
    expect(cacheDir()).toBe(join(homedir(), '.cache', 'gmemcheck'));
  });
});
