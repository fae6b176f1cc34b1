// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['harness/cli/build-dist.test-helper.ts'],
    include: ['harness/**/*.test.ts', 'kernels/**/*.test.ts', 'bench/**/*.test.ts'],
    // Many tests wait for processes that they started: two at a time do not slow each other down.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    minWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
