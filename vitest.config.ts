// SPDX-License-Identifier: GPL-2.0-only
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['harness/cli/build-dist.test-helper.ts'],
    include: ['harness/**/*.test.ts', 'kernels/**/*.test.ts', 'bench/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
