// SPDX-License-Identifier: GPL-2.0-only
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import type { Patch } from './patches.js';
import { runTool } from './run-tool.js';

const WHY = 'a series of mails';

/** One mail of a mailbox. */
interface Mail {
  subject: string;
  /** `[PATCH v13 3/9]`: 13, 3 and 9; a mail that does not say is 1/1 of version 1. */
  version: number;
  part: number;
  of: number;
  /** It says [PATCH], and is no answer to one. */
  posted: boolean;
  diff: string;
}

/** What the brackets of a subject say. */
export function parseSubject(subject: string): Omit<Mail, 'subject' | 'diff'> {
  const brackets = /^\s*((?:\[[^\]]*\]\s*)+)/.exec(subject)?.[1] ?? '';
  const [, part, of] = /\b(\d+)\/(\d+)\b/.exec(brackets) ?? [];
  const [, version] = /\bv(\d+)\b/i.exec(brackets) ?? [];
  return {
    version: Number(version ?? 1),
    part: Number(part ?? 1),
    of: Number(of ?? 1),
    posted: /\b(?:PATCH|RFC)/.test(brackets),
  };
}

async function readMail(file: string, scratch: string): Promise<Mail> {
  const [body, patch] = [join(scratch, 'body'), join(scratch, 'patch')];
  // -k keeps the brackets of the subject; transfer encodings and character sets are git's to undo.
  const args = ['mailinfo', '-k', '--encoding=UTF-8', '--no-scissors', body, patch];
  const info = await runTool('git', args, WHY, { input: await readFile(file) });
  const subject = (/^Subject: (.*)$/m.exec(info)?.[1] ?? '').trim();
  const text = await readFile(patch, 'utf8');
  return { subject, ...parseSubject(subject), diff: /^--- |^diff --git /m.test(text) ? text : '' };
}

/** Put the parts of a posting in order. @throws TargetError for one that is not exactly one series. */
export function orderMails(mails: readonly Mail[], shown: string): Patch[] {
  const parts = mails.filter(({ posted, part }) => posted && part > 0);
  const [first] = parts;
  if (!first) throw new TargetError(`${shown}: expected mails whose subjects say [PATCH], found none`);
  const series = [...new Set(parts.map(({ version, of }) => `v${version} of ${of} parts`))];
  if (series.length > 1)
    throw new TargetError(`${shown}: expected one series, found ${series.length}: ${series.join(', ')}`);
  const ordered: Patch[] = [];
  for (let part = 1; part <= first.of; part += 1) {
    const found = parts.filter((mail) => mail.part === part);
    const [mail] = found;
    if (!mail) throw new TargetError(`${shown}: expected ${first.of} parts, part ${part} is missing`);
    if (found.length > 1)
      throw new TargetError(`${shown}: expected part ${part} once, found it ${found.length} times`);
    if (mail.diff === '')
      throw new TargetError(`${shown}: expected a patch in '${mail.subject}', found none`);
    ordered.push({ name: mail.subject, text: mail.diff });
  }
  return ordered;
}

/**
 * The patches of a mailbox, in the order of their [PATCH n/m]; cover letters and answers are left out.
 *
 * @throws TargetError when it cannot be read, a part is missing, or git is not installed.
 */
export async function readMbox(file: string): Promise<Patch[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'gmemcheck-mbox-'));
  try {
    // The form that lore.kernel.org and b4 write; -b: a file may also be one mail.
    await runTool('git', ['mailsplit', '--mboxrd', '-b', `-o${scratch}`, '--', file], WHY);
    const mails: Mail[] = [];
    for (const name of (await readdir(scratch)).sort())
      mails.push(await readMail(join(scratch, name), scratch));
    return orderMails(mails, file);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
