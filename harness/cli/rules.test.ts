// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { PROFILES } from '../uapi/profiles/index.js';
import { gmemcheck, scratch } from './command-line.test-helper.js';
import { ordinals } from './rules.js';

const { put } = scratch();
const suite = (name: string, rule: string): string =>
  put(
    `${name}.yaml`,
    `suite: t/${name}\nabout: A.\ncases:\n  - { id: c, about: A., rules: [${rule}], profiles: [d0, d3..d7], steps: [{ create_vm: default }] }\n`,
  );
const good = suite('good', 'gmem.create.efault');

describe('ordinals of profiles', () => {
  it.each([
    ['d0..d8', [0, 1, 3, 4, 5, 6, 7, 8]],
    ['d0..d3,d5', [0, 1, 3, 5]],
    ['d8', [8]],
    ['', []],
  ])('are written %s', (text, dialects) => {
    expect(ordinals(PROFILES.filter((p) => dialects.includes(p.dialect)))).toBe(text);
  });
});

describe('gmemcheck rules', () => {
  it('is a table of rules, profiles, sources and cases', async () => {
    const { code, stdout } = await gmemcheck(['rules', 'gmem.create']);
    expect(code).toBe(0);
    const [head = '', ...lines] = stdout.split('\n');
    expect(head).toMatch(/^RULE +\| PROFILES +\| SOURCES +\| CASES$/);
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.find((l) => l.startsWith('gmem.create.emfile '))).toContain(
      '| create/arguments/no-descriptor-left',
    );
  });

  it('says what a single rule says', async () => {
    const { stdout, stderr } = await gmemcheck(['rules', 'gmem.create.emfile']);
    expect(stdout).toContain(
      '  Without a free descriptor number a request that is otherwise right is EMFILE',
    );
    expect(stderr).toBe('1 rules, 1 covered, 0 unreachable on emulated machines, 0 not covered');
  });

  it('counts a case for its own profiles only, and ends with 1 when asked for what nobody holds', async () => {
    const { code, stdout } = await gmemcheck([
      'rules',
      '--suites',
      good,
      '--uncovered',
      'gmem.create.efault',
    ]);
    expect(stdout).toContain('  UNCOVERED for d1,d8');
    expect(code).toBe(1);
  });

  it('asked about one profile says whether that is covered', async () => {
    const ask = (profile: string) =>
      gmemcheck(['rules', '--suites', good, '--uncovered', '--profile', profile, 'gmem.create.efault']);
    expect(await ask('d5')).toMatchObject({ code: 0, stdout: '' });
    expect(await ask('d8-7.4')).toMatchObject({ code: 1 });
  });

  it('lists what emulation cannot show as such, and that is no failure', async () => {
    const { code, stdout } = await gmemcheck(['rules', '--uncovered', 'gmem.hardware']);
    expect(code).toBe(0);
    expect(stdout).toContain('(unreachable) hardware/tdx/mixed-range-keeps-contents');
  });

  it('gives JSON', async () => {
    const { stdout } = await gmemcheck(['rules', '--json', '--suites', good, 'gmem.create.efault']);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 'gmem.create.efault', cases: ['t/good/c'], uncovered: ['d1-convert-ioctls', 'd8-7.4'] },
    ]);
  });

  it.each<[string, string[], string]>([
    ['a rule that does not exist', ['no.such.rule'], 'expected a rule or an area of them'],
    ['a profile that does not exist', ['--profile', 'd9'], "got 'd9'"],
    [
      'a suite that claims one',
      ['--suites', suite('bad', 'gmem.create.efualt')],
      "bad.yaml:4:33: expected a rule of rules.yaml, got 'gmem.create.efualt'; did you mean 'gmem.create.efault'?",
    ],
  ])('refuses %s, with 2', async (_what, args, message) => {
    const { code, stderr } = await gmemcheck(['rules', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
