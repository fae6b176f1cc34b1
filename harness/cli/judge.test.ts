// SPDX-License-Identifier: GPL-2.0-only
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../kernels/build/root.js';
import { gmemcheck, scratch } from './command-line.test-helper.js';

/** Recorded on Linux 6.18 without KVM_GENERIC_MEMORY_ATTRIBUTES. */
const RECORDED = packagePath('harness', 'trace', 'testdata', 'record.log');
const LACKING = ['--arch', 'x86_64', '--feature', 'no-vm-attributes'];

const { dir, put } = scratch();

describe('judge', () => {
  it('finds nothing in what a kernel of the dialect did', async () => {
    const { code, stdout } = await gmemcheck(['judge', RECORDED, '--profile', 'd0', ...LACKING]);
    expect(stdout).toMatch(/^d0-mainline: no step that the rules do not allow\n\d+ steps of \d+ lines/);
    expect(code).toBe(0);
  });

  it('names the line, what was seen, and what the rules allow there', async () => {
    const { code, stdout } = await gmemcheck(['judge', RECORDED, '--profile', 'd8', ...LACKING]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/record\.log:\d+: process \d+: set_attributes: \{on: gmem1/);
    expect(stdout).toContain('seen: ENOTTY');
    expect(stdout).toMatch(/\n {2}gmem\.attr\.flags-einval: \S/);
  });

  it('says the same as JSON', async () => {
    const { code, stdout } = await gmemcheck(['judge', RECORDED, '--profile', 'd8', '--json', ...LACKING]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      profile: 'd8-7.4',
      violation: { seen: 'ENOTTY', unknown: expect.arrayContaining(['offset']) as string[] },
    });
  });

  it.each([
    ['garbage', 'log:1: expected a line of strace'],
    ['close(3) = 0\n', 'nothing was judged'],
    ['', 'nothing was judged'],
    ['{"seq":0,"kind":"header"}\n', 'log:1: expected a schema number in the header'],
  ])('refuses %j with exit code 2', async (text, problem) => {
    const { code, stderr } = await gmemcheck(['judge', put('log', text)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
  });

  it('refuses a file that is not there, and a profile that is none', async () => {
    expect(await gmemcheck(['judge', join(dir, 'none')])).toMatchObject({ code: 2 });
    expect(await gmemcheck(['judge', RECORDED, '--profile', 'd9'])).toMatchObject({ code: 2 });
  });
});
