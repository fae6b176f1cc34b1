// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { select } from '../run/select.js';
import { loadSuites } from '../suite/load.js';
import { gmemcheck } from './command-line.test-helper.js';
import { CARRIERS } from './drift.js';
import { SUITES } from './paths.js';

describe('gmemcheck drift', () => {
  it.each<[string, string[], RegExp]>([
    ['no target', [], /required option '--target <target>'/],
    ['a target that is no guest', ['--target', 'host'], /expected --target qemu:RECIPE, got 'host'/],
    [
      'a kernel of one dialect',
      ['--target', 'qemu:mainline-7.3'],
      /expected a recipe with dialects to compare, mainline-7\.3 has 0/,
    ],
    ['an unknown recipe', ['--target', 'qemu:nope'], /expected the name of a kernel/],
  ])('refuses %s with 2', async (_what, args, message) => {
    const { code, stderr } = await gmemcheck(['drift', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('has suites to run when nothing is selected', () => {
    const cases = loadSuites([SUITES]).flatMap(({ raw }) =>
      raw.cases.map((c) => ({ id: `${raw.suite}/${c.id}` })),
    );
    // Throws for the first that selects nothing.
    expect(select(cases, CARRIERS).length).toBeGreaterThan(50);
  });
});
