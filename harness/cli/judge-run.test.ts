// SPDX-License-Identifier: GPL-2.0-only
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { gmemcheck, scratch } from './command-line.test-helper.js';

const { dir } = scratch();
const run = join(dir, 'latest');

/** A copy of the run with one file changed. */
function changed(name: string, file: string, edit: (text: string) => string): string {
  const copy = join(dir, name);
  cpSync(run, copy, { recursive: true, dereference: true });
  writeFileSync(join(copy, file), edit(readFileSync(join(copy, file), 'utf8')));
  return copy;
}

beforeAll(async () => {
  const args = ['run', 'convert/arguments', '--target', 'spec', '--arch', 'x86_64', '--profile', 'd8-7.4'];
  const { code, stderr } = await gmemcheck([...args, '--out', dir, '--format', 'none']);
  expect([code, stderr]).toEqual([0, expect.anything()]);
}, 60_000);

describe('judge of a run', () => {
  it('comes to the same verdicts, of the directory and of the journal', async () => {
    for (const path of [run, join(run, 'journal.ndjson')]) {
      const { code, stdout } = await gmemcheck(['judge', path]);
      expect(stdout).toMatch(/\d+ points judged: .*; 0 not judged/);
      expect(stdout).toContain('0 verdicts differ from the recorded ones');
      expect(code).toBe(0);
    }
  });

  it('names the step that another dialect does not allow, with its rules', async () => {
    const { code, stdout } = await gmemcheck(['judge', run, '--profile', 'd0']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /recorded pass, now fail by the specification alone\n.*: step \d+: .*\n +seen: .*\n +no rule of d0-mainline allows it; allowed:\n/,
    );
  });

  it('says the same as JSON', async () => {
    const { code, stdout } = await gmemcheck(['judge', run, '--profile', 'd0', '--json']);
    expect(code).toBe(1);
    const { profile, judged } = JSON.parse(stdout) as { profile: string; judged: { violation?: object }[] };
    expect(profile).toBe('d0-mainline');
    expect(judged.find(({ violation }) => violation)).toMatchObject({
      recorded: 'pass',
      now: 'fail',
      violation: { allowed: expect.any(Array) as unknown[] },
    });
  });

  it('judges what is there of a run that was cut, and ends with 3', async () => {
    const cut = (text: string): string => text.slice(0, text.length - 30);
    const { code, stdout, stderr } = await gmemcheck(['judge', changed('cut', 'journal.ndjson', cut)]);
    expect([code, stderr]).toEqual([
      3,
      expect.stringMatching(/journal\.ndjson:\d+: dropped an unfinished line/),
    ]);
    expect(stdout).toContain('the run did not end');
  });

  it('ends with 3 where results of a point are lost', async () => {
    const shorter = (text: string): string => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`;
    const { code, stdout } = await gmemcheck(['judge', changed('lost', 'traces.ndjson', shorter)]);
    expect(stdout).toContain('not judged again, recorded pass: no results were recorded');
    expect(code).toBe(3);
  });

  it('refuses damage with file and line, and a run without results', async () => {
    const damaged = changed('damaged', 'traces.ndjson', (text) => text.replace('"seq":2', '"seq":9'));
    expect(await gmemcheck(['judge', damaged])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/traces\.ndjson:3: .*lost or added/) as string,
    });
    const old = changed('old', 'traces.ndjson', (text) => text);
    rmSync(join(old, 'traces.ndjson'));
    expect(await gmemcheck(['judge', old])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this journal has no results') as string,
    });
  });

  it('refuses options of logs', async () => {
    expect(await gmemcheck(['judge', run, '--feature', 'gmem'])).toMatchObject({ code: 2 });
  });
});
