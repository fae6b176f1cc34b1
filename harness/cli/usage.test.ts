// SPDX-License-Identifier: GPL-2.0-only
/** What the command line does without a kernel: help, lists, checks, and everything that is used wrongly. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gmemcheck, scratch } from './command-line.test-helper.js';
import { version } from './paths.js';

const { dir, put } = scratch();
const good = put(
  'good.yaml',
  'suite: t/good\nabout: A.\ncases:\n  - { id: c, about: A VM can be made., steps: [{ create_vm: default }, { fork: { steps: [{ close: vm }] } }] }\n',
);
const bad = put('bad.yaml', readFileSync(good, 'utf8').replace('{ close: vm }', '{ close: vn }'));
const PICTURE = `bad.yaml:4:99: expected the name of an object made by an earlier step, got 'vn' (known: kvm, vm)\n4 | `;

describe('help', () => {
  it('names the commands and the exit codes, with 0', async () => {
    const { code, stdout, stderr } = await gmemcheck(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of ['run', 'list', 'explain', 'check', 'rules', 'probe', 'drift', 'kernel', 'doctor'])
      expect(stdout).toContain(`  ${name} `);
    expect(stdout).toContain('Exit codes: 0 as expected');
  });

  it('of a command names its options, with 0', async () => {
    const { code, stdout } = await gmemcheck(['run', '--help']);
    expect(code).toBe(0);
    for (const option of ['--target', '--arch', '--kernel', '--resume', '--dry-run', '--kselftest'])
      expect(stdout).toContain(option);
  });

  it('gives the version of the package', async () => {
    expect(await gmemcheck(['--version'])).toEqual({ code: 0, stdout: version(), stderr: '' });
  });
});

describe('wrong use ends with 2 and says why on stderr:', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['rnu'], /unknown command 'rnu'/],
    ['a name that every object has', ['constructor'], /unknown command 'constructor'/],
    ['an unknown option', ['run', '--no-such'], /unknown option '--no-such'/],
    ['an unknown architecture', ['run', '--arch', 'riscv64'], /x86_64, aarch64/],
    ['an unknown profile', ['list', '--profile', 'd9'], /d0-mainline/],
    ['an unknown format', ['run', '--format', 'xml'], /tap, ktap, none/],
    ['no positive number', ['run', '--minimum', '0'], /expected a positive whole number, got '0'/],
    [
      'an unknown target',
      ['run', '--target', 'bhyve'],
      /expected a target of host, agent, spec, qemu:mainline-7\.3.*got 'bhyve'/,
    ],
    ['qemu without a kernel', ['run', '--target', 'qemu'], /or qemu with --kernel PATH, got 'qemu'/],
    [
      'a kernel for the running one',
      ['run', '--target', 'host', '--kernel', '/x'],
      /--kernel needs --target qemu/,
    ],
    [
      'a pattern that matches nothing',
      ['list', 'no/such'],
      /expected a test point, suite or area.*got 'no\/such'/,
    ],
    ['the same before anything runs', ['run', '--target', 'qemu:mainline-7.3', 'no/such'], /got 'no\/such'/],
    ['nothing to explain', ['explain'], /missing required argument 'ids'/],
    ['resuming several architectures', ['run', '--arch', 'all', '--resume', dir], /give its architecture/],
    [
      'a file that is not there',
      ['check', '/no/such.yaml'],
      /^gmemcheck: \/no\/such\.yaml:1:1: expected a suite file/,
    ],
    ['a suite that is wrong', ['check', bad], /bad\.yaml:4:99: /],
    ['a suite that is wrong, in a list', ['list', '--suites', bad], /bad\.yaml:4:99: /],
    ['a suite that is wrong, before anything runs', ['run', '--suites', bad], /bad\.yaml:4:99: /],
  ])('%s', async (_what, args, message) => {
    const { code, stdout, stderr } = await gmemcheck(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at |internal error/m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('no command at all prints the help', async () => {
    const { code, stderr } = await gmemcheck([]);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: gmemcheck');
  });
});

describe('an environment that proves nothing ends with 3 on one line:', () => {
  it.each<[string, string, RegExp]>([
    ['a kernel that is not there', '/no/such', /\/no\/such/],
    ['a text file as kernel', good, /good\.yaml.*expected|expected.*good\.yaml/i],
  ])('%s', async (_what, kernel, message) => {
    const { code, stdout, stderr } = await gmemcheck([
      'run',
      '--target',
      'qemu',
      '--kernel',
      kernel,
      '--out',
      dir,
    ]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at |internal error/m);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  it('KERNEL in the environment is taken as --kernel', async () => {
    const { code, stderr } = await gmemcheck(['run', '--out', dir], { KERNEL: '/no/such' });
    expect(code).toBe(3);
    expect(stderr).toContain('/no/such');
  });
});

describe('check', () => {
  it('shows the place with a caret, and how many problems there are', async () => {
    const { stderr } = await gmemcheck(['check', bad]);
    expect(stderr).toContain(PICTURE);
    const [, line = '', caret = ''] = stderr.split('\n');
    expect(line[caret.length - 1]).toBe('v');
    expect(stderr).toMatch(/\n1 problem found$/);
  });

  it('gives the same as JSON', async () => {
    const { code, stdout } = await gmemcheck(['check', '--json', bad]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ suites: 1, errors: [{ line: 4, column: 99 }] });
  });

  it('is silent on stdout when all is well, and counts on stderr', async () => {
    const { code, stdout, stderr } = await gmemcheck(['check', good]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^1 suites, 1 x86_64 d0-mainline, .*: ok in \d+\.\d\d s$/);
  });
});

describe('list', () => {
  it('prints ids, one in a line', async () => {
    expect(await gmemcheck(['list', '--suites', good])).toMatchObject({ code: 0, stdout: 't/good/c' });
  });

  it('prints all of a point as JSON', async () => {
    const { code, stdout } = await gmemcheck(['list', '--json', '--arch', 'aarch64', 'create/flags']);
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { id: string; skip?: string; requires: string[] }[];
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) expect(row.id).toMatch(/^create\/flags\//);
    expect(rows[0]).toMatchObject({
      suite: 'create/flags',
      requires: expect.arrayContaining(['gmem']) as string[],
    });
  });

  it('is all points of the shipped suites without arguments', async () => {
    const { code, stdout } = await gmemcheck(['list', '--arch', 'x86_64']);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThanOrEqual(400);
  });

  it('ends with 3, not with 0, when its reader goes away early', async () => {
    const { execa } = await import('execa');
    const { MAIN } = await import('./command-line.test-helper.js');
    const { stdout } = await execa('bash', [
      '-c',
      '"$0" "$1" list --json | head -c1 >/dev/null; echo ${PIPESTATUS[0]}',
      process.execPath,
      MAIN,
    ]);
    expect(stdout).toBe('3');
  });
});

describe('explain and --dry-run', () => {
  const program = [
    'create_vm: {type: default}',
    '  expect success',
    '  | openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC)',
    '  | ioctl(kvm, KVM_CREATE_VM, default)',
  ];

  it('explain says what a point holds the kernel to, where it is written, and each call', async () => {
    const { code, stdout } = await gmemcheck(['explain', '--suites', good, 't/good/c']);
    expect(code).toBe(0);
    expect(stdout).toContain('t/good/c\n  A VM can be made.\n');
    expect(stdout).toMatch(/written in .*good\.yaml:4:5\n {2}requires: fork\n/);
    for (const line of program.slice(1)) expect(stdout).toContain(line);
    expect(stdout).toContain('    | close(vm)');
  });

  it('a dry run prints the programs and needs no kernel', async () => {
    const { code, stdout } = await gmemcheck(['run', '--dry-run', '--arch', 'all', '--suites', good]);
    expect(code).toBe(0);
    expect(stdout).toContain('t/good/c (x86_64)\n');
    expect(stdout).toContain('t/good/c (aarch64)\n');
    for (const line of program.slice(1)) expect(stdout).toContain(line);
  });

  it('a dry run of the shipped suites ends with 0', async () => {
    const { code, stdout } = await gmemcheck(['run', '--dry-run', '--arch', 'all']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/skip: holds for aarch64 only/);
  });
});

describe('doctor', () => {
  it('says what each target needs', async () => {
    const { code, stdout } = await gmemcheck(['doctor', '--json']);
    expect(code).toBe(0);
    const findings = JSON.parse(stdout) as { what: string; ok: boolean; fix?: string; packages?: string[] }[];
    expect(findings.find((f) => f.what === '/dev/kvm')).toBeDefined();
    for (const f of findings.filter(({ ok }) => !ok)) expect(f.fix ?? f.packages, f.what).toBeDefined();
  });
});
