// SPDX-License-Identifier: GPL-2.0-only
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';

const ERRORS_SHOWN = 12;
const COMPLAINT = /\berror\b|undefined reference|No such file|cannot find|\*\*\*/i;

/** The lines of a build's output that say why it failed: the last complaints, or else its last lines. */
export function lastErrors(lines: readonly string[]): string[] {
  const complaints = lines.filter((line) => COMPLAINT.test(line));
  return (complaints.length > 0 ? complaints : lines).slice(-ERRORS_SHOWN);
}

/**
 * Run a command whose output goes to a log file.
 *
 * @param log file that the output is appended to.
 * @param onLine called with every line of output.
 * @throws TargetError with the last errors and the path of the log.
 */
export async function runLogged(
  command: string,
  args: string[],
  options: { cwd: string; env: Record<string, string>; log: string; onLine?: (line: string) => void },
): Promise<void> {
  const log = createWriteStream(options.log, { flags: 'a' });
  log.write(`$ ${[command, ...args].join(' ')}\n`);
  const lines: string[] = [];
  try {
    const child = execa(command, args, {
      cwd: options.cwd,
      env: { LC_ALL: 'C', ...options.env },
      stdin: 'ignore',
      reject: false,
      all: true,
      buffer: false,
    });
    for await (const line of child.iterable({ from: 'all' })) {
      log.write(`${line}\n`);
      lines.push(line);
      options.onLine?.(line);
    }
    const { exitCode, shortMessage } = await child;
    if (exitCode === 0) return;
    const reason = lastErrors(lines).map((line) => `  | ${line}`);
    throw new TargetError(
      [
        `expected ${command} ${args.slice(-1).join('')} to succeed: ${shortMessage ?? `exit code ${exitCode ?? 'none'}`}`,
        ...reason,
        `full log: ${options.log}`,
      ].join('\n'),
    );
  } finally {
    log.end();
    await finished(log);
  }
}
