// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCommand } from './tools.js';

/** What the tests of sources and patches run; a machine that only runs suites may have neither. */
export const hasPatch = findCommand('patch') !== undefined;
export const hasGit = findCommand('git') !== undefined && findCommand('xz') !== undefined;

/** Run git as somebody. @returns what it prints, trimmed. */
export function git(tree: string, ...args: string[]): string {
  const who = ['user.name=A', 'user.email=a@example.org', 'init.defaultBranch=main', 'commit.gpgSign=false'];
  return execFileSync('git', ['-C', tree, ...who.flatMap((each) => ['-c', each]), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** The numbered lines of `virt/a.c`; tests change single words. */
export const LINES = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');

/** What looks like a kernel to a recipe: a git tree with a Makefile, a Kconfig and a file, tagged v7.3. */
export function makeTree(tree: string): string {
  mkdirSync(join(tree, 'virt'), { recursive: true });
  writeFileSync(join(tree, 'Makefile'), 'VERSION = 7\n');
  writeFileSync(join(tree, 'Kconfig'), 'mainmenu "test"\n');
  writeFileSync(join(tree, 'virt/a.c'), LINES.map((line) => `${line}\n`).join(''));
  git(tree, 'init', '-q');
  git(tree, 'add', '-A');
  git(tree, 'commit', '-q', '-m', 'start');
  git(tree, 'tag', 'v7.3');
  return tree;
}

/** Commit a change of one word of `virt/a.c`. */
export function changeWord(tree: string, at: number, to: string): void {
  const lines = git(tree, 'show', 'HEAD:virt/a.c').split('\n');
  lines[at] = to;
  writeFileSync(join(tree, 'virt/a.c'), lines.map((line) => `${line}\n`).join(''));
  git(tree, 'commit', '-q', '-a', '-m', `virt: say ${to}`);
}
