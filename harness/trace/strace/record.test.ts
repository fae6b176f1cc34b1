// SPDX-License-Identifier: GPL-2.0-only
/** The reader against logs that strace wrote of testdata/record.c, one in the repository and one made now. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { stepsOfFile } from './observed-text.test-helper.js';
import { TRACED_CALLS } from './traced-calls.js';

const testdata = (name: string): string => join(import.meta.dirname, '..', 'testdata', name);
const expected = (): string[] => readFileSync(testdata('record.steps'), 'utf8').trimEnd().split('\n');

/** Why no recording can be made here; undefined when one can. */
function missing(): string | undefined {
  for (const tool of ['gcc', 'strace'])
    if (execaSync(tool, ['--version'], { reject: false }).exitCode !== 0) return tool;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return '/dev/kvm';
  }
}
const lacking = missing();

describe('a recorded log', () => {
  it('gives the steps of the program', async () => {
    expect(await stepsOfFile(testdata('record.log'))).toEqual(expected());
  });

  it('names no host and no home', () => {
    expect(readFileSync(testdata('record.log'), 'utf8')).not.toMatch(/\/home|\/root|HOSTNAME/);
  });

  const options = [['-y', '-X', 'raw'], ['-X', 'abbrev'], ['-yy', '-X', 'verbose', '-v', '-tt', '-T']]; // prettier-ignore
  for (const format of options) {
    const name = `gives the same steps when recorded now by strace ${format.join(' ')}`;
    it.skipIf(lacking !== undefined)(lacking === undefined ? name : `${name} (no ${lacking})`, async () => {
      const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-record-'));
      try {
        const [program, log] = [join(directory, 'record'), join(directory, 'log')];
        execaSync('gcc', ['-O1', '-o', program, testdata('record.c')], { stderr: 'ignore' });
        execaSync('strace', ['-f', ...format, '-e', `trace=${TRACED_CALLS.join(',')}`, '-o', log, program]);
        const steps = await stepsOfFile(log);
        const paths = format.some((o) => o.startsWith('-y'));
        const comparable = (line: string): string => anyKernel(paths ? line : anyName(line));
        expect(steps.map(comparable)).toEqual(expected().map(comparable));
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
});

/** Kernels differ in what they refuse: results are those of the one that the log was made on. */
const anyKernel = (line: string): string => line.replace(/ -> .*?(?= \?|$)/, '');
/** Without paths a received descriptor is of no known kind. */
const anyName = (line: string): string => line.replaceAll(/(?:gmem|file)\d+|adopt .*/g, 'object');
