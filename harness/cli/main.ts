#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
import { Command } from 'commander';
import { explainError } from './exit.js';
import { version } from './paths.js';

/**
 * The whole command line. Sub-commands are imported when they are needed: `check` and `list` must not wait
 * for the parts that talk to kernels.
 */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('gmemcheck')
    .description('Conformance suite for KVM guest_memfd and its in-place shared/private conversion.')
    .version(version())
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      '\nExit codes: 0 as expected, 1 unexpected result, 2 usage or bad input, 3 environment: nothing proven.',
    );
  const { runCommand } = await import('./run.js');
  const { listCommand, explainCommand } = await import('./list.js');
  const { checkCommand } = await import('./check.js');
  const { probeCommand } = await import('./probe.js');
  const { kernelCommand } = await import('./kernel.js');
  const { doctorCommand } = await import('./doctor.js');
  for (const command of [
    runCommand(),
    listCommand(),
    explainCommand(),
    checkCommand(),
    probeCommand(),
    kernelCommand(),
    doctorCommand(),
  ]) {
    program.addCommand(overridden(command));
  }
  await program.parseAsync([...argv]);
}

/** Commander's errors come as exceptions, from sub-commands too. */
function overridden(command: Command): Command {
  command.exitOverride();
  command.commands.forEach(overridden);
  return command;
}

process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  // A reader that has seen enough (head) is no failure of ours, but no success either.
  if (e.code === 'EPIPE') process.exit(3);
  throw e;
});

try {
  await main(process.argv);
} catch (e) {
  const { code, text } = explainError(e);
  if (text !== '') process.stderr.write(`gmemcheck: ${text}\n`);
  process.exitCode = code;
}
