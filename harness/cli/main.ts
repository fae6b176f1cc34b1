#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
import { Command } from 'commander';
import { explainError } from './exit.js';
import { version } from './paths.js';

/**
 * Sub-commands in the order of the help. Only the one that is called is imported: `check` and `list` must not
 * wait for the parts that talk to kernels.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).runCommand(),
  list: async () => (await import('./list.js')).listCommand(),
  explain: async () => (await import('./list.js')).explainCommand(),
  check: async () => (await import('./check.js')).checkCommand(),
  rules: async () => (await import('./rules.js')).rulesCommand(),
  probe: async () => (await import('./probe.js')).probeCommand(),
  judge: async () => (await import('./judge.js')).judgeCommand(),
  drift: async () => (await import('./drift.js')).driftCommand(),
  mutate: async () => (await import('./mutate.js')).mutateCommand(),
  kernel: async () => (await import('./kernel.js')).kernelCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
};

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('gmemcheck')
    .description('Conformance suite for KVM guest_memfd and its in-place shared/private conversion.')
    .version(version())
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 as expected, 1 unexpected result, 2 usage or bad input, 3 environment: nothing proven.',
    );
  const name = argv[2] ?? '';
  const called = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  for (const load of called ? [called] : Object.values(COMMANDS))
    program.addCommand(overridden(await load()));
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
