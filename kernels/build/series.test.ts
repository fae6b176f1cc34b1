// SPDX-License-Identifier: GPL-2.0-only
/** Series from everywhere, of two small patches, applied to a small tree. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { patchHashes } from './patches.js';
import type { Recipe, Series } from './recipe-format.js';
import { fetchSeries, patchesOf, seriesIsHere } from './series.js';
import { patchedTree } from './tree.js';
import { changeWord, git, hasGit, hasPatch, LINES, makeTree } from './tree.test-helper.js';

let directory = '';
let tree = '';
let patches = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gmemcheck-series-'));
  vi.stubEnv('XDG_CACHE_HOME', join(directory, 'cache'));
  tree = makeTree(join(directory, 'linux'));
  changeWord(tree, 1, 'ONE');
  changeWord(tree, 5, 'FIVE');
  patches = join(directory, 'patches');
  git(tree, 'format-patch', '-q', '--cover-letter', '-v2', '-o', patches, 'v7.3..HEAD');
  git(tree, 'checkout', '-q', 'v7.3');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const quiet = (): void => undefined;
const recipe = (series: Series, more: Partial<Recipe> = {}): Recipe => ({
  name: 'r',
  about: 'R.',
  profile: 'd0-mainline',
  source: { kind: 'git', tree },
  fragments: { x86_64: [] },
  series,
  ...more,
});

async function applied(of: Recipe): Promise<string> {
  const at = join(directory, 'patched');
  await patchedTree(tree, 's', await patchesOf(of), at, quiet);
  return readFileSync(join(at, 'virt/a.c'), 'utf8').replaceAll('\n', ' ');
}
const WANTED = LINES.map((word) => `${['one', 'five'].includes(word) ? word.toUpperCase() : word} `).join('');

/** A mailbox as lore.kernel.org writes one, of the cover letter and the patches in some order. */
function mailbox(order: number[], change = (text: string): string => text): string {
  const files = readdirSync(patches).sort();
  const mails = order.map((index) => readFileSync(join(patches, files[index] ?? ''), 'utf8'));
  const file = join(directory, 'series.mbx');
  const marked = mails.map((mail) =>
    mail.replace(/^From \S+ .*\n/, 'From mboxrd@z Thu Jan  1 00:00:00 1970\n'),
  );
  writeFileSync(file, change(marked.join('\n')));
  return file;
}

describe.skipIf(!(hasGit && hasPatch))('a series (needs git, patch and xz)', () => {
  it('in a mailbox is applied in the order of its numbers, without cover letter', async () => {
    const mbox = mailbox([2, 0, 1]);
    const found = await patchesOf(recipe({ mbox }));
    expect(found.map(({ name }) => name)).toEqual([
      '[PATCH v2 1/2] virt: say ONE',
      '[PATCH v2 2/2] virt: say FIVE',
    ]);
    expect(await applied(recipe({ mbox }))).toBe(WANTED);
  });
  it('in a mailbox may be encoded', async () => {
    const encode = (text: string): string =>
      text.replace(
        /^(From .*\n(?:\S.*\n(?: .*\n)*)*)\n([^]*?)(?=\nFrom |$(?![^]))/gm,
        (_all, head: string, body: string) => {
          const lines = Buffer.from(body).toString('base64').replace(/.{76}/g, '$&\n');
          return `${head}MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n${lines}\n`;
        },
      );
    const mbox = mailbox([1, 2], encode);
    expect(readFileSync(mbox, 'utf8')).not.toContain('+ONE');
    expect(await applied(recipe({ mbox }))).toBe(WANTED);
  });
  it.each<[string, number[], (text: string) => string, RegExp]>([
    ['lacks a part', [0, 2], (text) => text, /series\.mbx: expected 2 parts, part 1 is missing/],
    ['has a part twice', [1, 1, 2], (text) => text, /expected part 1 once, found it 2 times/],
    [
      'is two',
      [1, 2, 1],
      (text) => text.replace('PATCH v2 1/2', 'PATCH v3 1/2'),
      /expected one series, found 2: v3 of 2 parts, v2 of 2 parts/,
    ],
    [
      'is talk',
      [1, 2],
      (text) => text.replaceAll('Subject: [', 'Subject: Re: ['),
      /expected mails whose subjects say \[PATCH\]/,
    ],
    [
      'has a part without a patch',
      [1, 2],
      (text) => text.replace(/^---\n[^]*?(?=\nFrom )/m, ''),
      /expected a patch in '\[PATCH v2 1\/2\]/,
    ],
  ])('in a mailbox that %s is refused', async (_what, order, change, message) => {
    const failure = await patchesOf(recipe({ mbox: mailbox(order, change) })).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(TargetError);
    expect((failure as Error).message).toMatch(message);
  });

  it('in a directory is sorted by name, without cover letter', async () => {
    expect(await applied(recipe({ directory: patches }))).toBe(WANTED);
  });
  it('in a directory with a series file is what that says', async () => {
    const [, first = '', second = ''] = readdirSync(patches).sort();
    writeFileSync(join(patches, 'series'), `# comment\n${first} -p1 # why\n\n`);
    expect((await patchesOf(recipe({ directory: patches }))).map(({ name }) => name)).toEqual([
      join(patches, first),
    ]);
    writeFileSync(join(patches, 'series'), `${second} -p0\n`);
    await expect(patchesOf(recipe({ directory: patches }))).rejects.toThrow('expected patches for -p1');
  });
  it('in an empty or missing directory is refused', async () => {
    mkdirSync(join(directory, 'empty'));
    await expect(patchesOf(recipe({ directory: join(directory, 'empty') }))).rejects.toThrow('found neither');
    await expect(patchesOf(recipe({ directory: '/no/such' }))).rejects.toThrow(
      /^\/no\/such: expected a directory/,
    );
  });

  it('of commits is their range', async () => {
    expect(await applied(recipe({ git: { tree, range: 'v7.3..main' } }))).toBe(WANTED);
    await expect(patchesOf(recipe({ git: { tree, range: 'main..main' } }))).rejects.toThrow('found none');
  });

  it('stands between patches and what fixes it', async () => {
    const diff = (from: string, to: string, before: string, after: string): string =>
      `--- a/virt/a.c\n+++ b/virt/a.c\n@@ -1,3 +1,3 @@\n ${before}\n-${from}\n+${to}\n ${after}\n`;
    const early = join(directory, 'early.patch');
    const late = join(directory, 'late.patch');
    writeFileSync(early, diff('eleven', 'ELEVEN', 'ten', 'twelve'));
    writeFileSync(late, diff('FIVE', '5', 'four', 'six'));
    const whole = recipe({ directory: patches }, { patches: [early], fixups: [late] });
    expect(await applied(whole)).toBe(WANTED.replace('FIVE', '5').replace('eleven', 'ELEVEN'));
    const before = patchHashes(await patchesOf(whole));
    writeFileSync(late, `A reason.\n${diff('FIVE', '5', 'four', 'six')}`);
    expect(patchHashes(await patchesOf(whole))).not.toEqual(before);
  });
});

describe.skipIf(!(hasGit && hasPatch))('a series by its message-id (needs git, patch and xz)', () => {
  const posted = recipe({ 'message-id': '20260101-x@example.org' });
  const tools = (...commands: [string, string][]): void => {
    const bin = join(directory, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const [name, script] of commands) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env.PATH ?? ''}`);
  };
  it('needs b4, says so, and is not here before it was fetched', async () => {
    vi.stubEnv('PATH', directory);
    expect(seriesIsHere(posted)).toBe(false);
    await expect(fetchSeries(posted, false, quiet)).rejects.toThrow(
      'the series 20260101-x@example.org (which is fetched from the network) needs b4, not found; run: apt install b4',
    );
  });
  it('is fetched once, and again when asked to', async () => {
    copyFileSync(mailbox([0, 1, 2]), join(directory, 'answer.mbx'));
    tools([
      'b4',
      `echo "$@" >> ${directory}/calls; shift; while [ "$1" != --outdir ]; do shift; done; cp ${directory}/answer.mbx "$2/series.mbx"`,
    ]);
    await fetchSeries(posted, false, quiet);
    expect(await applied(posted)).toBe(WANTED);
    await fetchSeries(posted, false, quiet);
    const calls = (): string[] => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(/^am .* -- 20260101-x@example\.org$/);
    await fetchSeries(posted, true, quiet);
    expect(calls()).toHaveLength(2);
  });
  it('that b4 cannot get is one error', async () => {
    tools(['b4', 'echo "Could not retrieve" >&2; exit 1']);
    await expect(fetchSeries(posted, false, quiet)).rejects.toThrow(
      /expected b4 am .* to succeed: Could not retrieve/,
    );
  });
});
