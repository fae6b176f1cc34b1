// SPDX-License-Identifier: GPL-2.0-only
import { afterEach, describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { loadMachine } from './machine.js';
import { missingTools, requireTools, toolVersions } from './tools.js';

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

describe('requireTools', () => {
  it('names everything that is missing and what to install, in one error', () => {
    process.env.PATH = '/nonexistent';
    const machine = loadMachine('aarch64');
    expect(missingTools(machine).missing).toContain('flex');
    expect(() => requireTools(machine)).toThrow(TargetError);
    expect(() => requireTools(machine)).toThrow(
      /needs apt-get, dpkg, make, .*; run: apt install .*bison.*flex.*xz-utils/,
    );
  });
});

describe('toolVersions', () => {
  it('is undefined where the compiler is not installed', async () => {
    process.env.PATH = '/nonexistent';
    expect(await toolVersions(loadMachine('x86_64'))).toBeUndefined();
  });
});
