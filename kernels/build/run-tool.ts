// SPDX-License-Identifier: GPL-2.0-only
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import { findCommand } from './tools.js';

const REASON_LINES = 6;

/** Debian packages of commands that only some recipes need. */
const PACKAGES: Readonly<Record<string, string>> = {
  b4: 'b4',
  cp: 'coreutils',
  depmod: 'kmod',
  dpkg: 'dpkg',
  git: 'git',
  patch: 'patch',
  tar: 'tar',
  xz: 'xz-utils',
  zstd: 'zstd',
};

/** The package that brings a command, which often has the same name. */
export function packageOf(command: string): string {
  return PACKAGES[command] ?? command;
}

/**
 * Run a tool to its end.
 *
 * @param why what it is needed for, in messages: `a source of kind git`.
 * @returns its standard output.
 * @throws TargetError when it is not installed, naming the package, or fails, with its last lines.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  why: string,
  options: { cwd?: string; input?: string | Uint8Array } = {},
): Promise<string> {
  const path = findCommand(command) ?? findCommand(command, ['/usr/sbin', '/sbin']);
  if (path === undefined)
    throw new TargetError(`${why} needs ${command}, not found; run: apt install ${packageOf(command)}`);
  const { exitCode, stdout, stderr, shortMessage } = await execa(path, args, {
    reject: false,
    env: { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
    stripFinalNewline: false,
    maxBuffer: 1 << 30,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  if (exitCode === 0) return stdout;
  const said = (stderr.trim() || stdout.trim()).split('\n').slice(-REASON_LINES).join('\n');
  throw new TargetError(
    `${why}: expected ${command} ${args.slice(0, 3).join(' ')} to succeed: ${said || (shortMessage ?? '')}`,
  );
}
