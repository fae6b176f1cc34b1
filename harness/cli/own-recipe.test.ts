// SPDX-License-Identifier: GPL-2.0-only
/** A recipe of the user's own, from its file to the report: a built kernel as an image, with two dialects. */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtKernel, hasCompiler, hasQemu } from '../target/here.test-helper.js';
import { gmemcheck, scratch } from './command-line.test-helper.js';

const kernel = await builtKernel();
const usable = kernel !== undefined && hasQemu && hasCompiler;
const here = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const other = here === 'x86_64' ? 'aarch64' : 'x86_64';
const { dir, put } = scratch();

const suite = put(
  'one.yaml',
  'suite: t/one\nabout: A.\ncases: [{ id: vm, about: A VM can be made., steps: [{ create_vm: default }] }]\n',
);
const recipe = put(
  'own.yaml',
  `name: own
about: Mine.
profile: d0-mainline
source: { kind: image, images: { ${here}: { image: ${kernel ?? 'none'} } } }
boot: { cmdline: [gmc.boot=1], memoryMb: 320 }
dialects:
  left: { profile: d0-mainline, cmdline: [gmc.side=left] }
  right: { profile: d8-7.4, cmdline: [gmc.side=right] }
defaultDialect: left
switches: { in-place: { on: [gmc.in=1], off: [gmc.in=0] } }
`,
);
const run = (...args: string[]) =>
  gmemcheck(['run', '--target', `qemu:${recipe}`, '--suites', suite, '--out', dir, ...args]);

describe('a recipe of the user', () => {
  it.each<[string, string[], string]>([
    ['a dialect it does not have', ['--dialect', 'up'], "expected a dialect of own (left, right), got 'up'"],
    ['an architecture it is not for', ['--arch', other], `own is for ${here} only, got --arch ${other}`],
  ])('ends with 2 for %s', async (_what, args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, stdout: '', stderr: `gmemcheck: ${message}` });
  });
  it('that is wrong ends with 2 and the place', async () => {
    const wrong = put('wrong.yaml', readFileSync(recipe, 'utf8').replace('kind: image', 'kind: floppy'));
    const { code, stderr } = await gmemcheck(['kernel', 'build', wrong]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:4:17: source: unknown kind 'floppy'/);
  });
  it('that names nothing ends with 3', async () => {
    const gone = put(
      'gone.yaml',
      readFileSync(recipe, 'utf8').replace(/image: [^ ]+ \}/, 'image: no-such }'),
    );
    const { code, stderr } = await gmemcheck(['kernel', 'build', gone]);
    expect(code).toBe(3);
    expect(stderr).toContain(`own: expected a kernel image ${join(dir, 'no-such')}, found none`);
  });
  it('chooses the profile of a list', async () => {
    const listed = await gmemcheck([
      'list',
      '--target',
      `qemu:${recipe}`,
      '--dialect',
      'right',
      '--suites',
      suite,
    ]);
    expect(listed.stderr).toMatch(/, d8-7\.4$/);
  });

  describe.skipIf(!usable)('in a guest (needs QEMU, a compiler and a kernel that is built)', () => {
    it('boots as it says, and reports say how', async () => {
      const { code, stdout, stderr } = await run('--dialect', 'right', '--in-place', 'on');
      expect(code, stderr).toBe(0);
      const words = 'gmc.boot=1 gmc.side=right gmc.in=1';
      expect(stderr).toContain(`; booted with dialect right: ${words}; `);
      expect(stderr).toContain(
        'note: the recipe says that this kernel speaks d8-7.4, probing found d0-mainline',
      );
      expect(stdout).toContain(`# boot: ${words}\n`);
      const environment = JSON.parse(
        readFileSync(join(dir, 'latest', 'environment.json'), 'utf8'),
      ) as unknown;
      expect(environment).toMatchObject({
        identity: { boot: words },
        executor: {
          dialect: 'right',
          inPlace: 'on',
          memoryMb: '320',
          cmdline: expect.stringContaining(words) as string,
        },
      });
    });
    it('resumes a run of the same boot only', async () => {
      expect((await run()).code).toBe(0);
      const before = realpathSync(join(dir, 'latest'));
      const journal = join(before, 'journal.ndjson');
      writeFileSync(journal, readFileSync(journal, 'utf8').replace(/.*"kind":"trailer".*\n/, '')); // as if it was killed
      const { code, stderr } = await run('--resume', before, '--append', 'gmc.more=1');
      expect(code).toBe(2);
      expect(stderr).toContain('expected a run of the same kernel');
      expect((await run('--resume', before)).code).toBe(0);
    });
  });
});
