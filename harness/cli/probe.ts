// SPDX-License-Identifier: GPL-2.0-only
import { Command, Option } from 'commander';
import { openSession } from '../run/session.js';
import type { Session } from '../run/session.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { bootOptions } from './boot-choice.js';
import type { BootOptions } from './boot-choice.js';
import { machineArch } from './machine-arch.js';
import { chooseTarget } from './open-target.js';
import { positive, withoutStrayKernel } from './options.js';
import { FEATURES } from './paths.js';

interface ProbeOptions extends BootOptions {
  target: string;
  arch?: Arch;
  kernel?: string;
  timeout: number;
  json?: boolean;
}

export function probeCommand(): Command {
  const probing = new Command('probe')
    .description('Show what a kernel offers: VM types, capabilities, conversion commands, dialect, and why.')
    .option('--target <target>', 'host, agent, qemu:RECIPE, or auto', 'auto')
    .addOption(
      new Option('--arch <arch>', "architecture of the guest (default: this machine's)").choices(ARCHES),
    )
    .addOption(new Option('--kernel <path>', 'your own kernel image, booted in QEMU').env('KERNEL'))
    .option('--timeout <seconds>', 'limit for one program', positive, 10)
    .option('--json', 'as JSON');
  return bootOptions(probing).action(async (given: ProbeOptions, command: Command) => {
    const options = withoutStrayKernel(given, command.getOptionValueSource('kernel') === 'env');
    const { arch = machineArch(), kernel, ...rest } = options;
    const chosen = await chooseTarget({ ...rest, arch, ...(kernel === undefined ? {} : { kernel }) });
    try {
      // A kernel that no profile fits is still worth showing: the default is only for lowering features.
      const session = await openSession(chosen.target, FEATURES, 'd0-mainline');
      process.stdout.write(options.json ? `${json(session)}\n` : table(session));
    } finally {
      await chosen.target.close();
    }
  });
}

function json({ identity, probe, features }: Session): string {
  const out = {
    target: identity.target,
    arch: identity.arch,
    release: identity.release,
    pageSize: identity.pageSize,
    profile: probe.profile?.id ?? null,
    reasons: probe.reasons,
    vmTypes: probe.vmTypes,
    capabilities: probe.capabilities,
    commands: probe.commands,
    requests: probe.requests,
    switches: probe.switches,
    features: Object.fromEntries(features),
  };
  return JSON.stringify(out, (_key, v: unknown) => (typeof v === 'bigint' ? Number(v) : v), 2);
}

function table({ identity, probe, features }: Session): string {
  const columns = Object.keys(probe.capabilities[0]?.values ?? {});
  const row = (cells: readonly string[]): string =>
    cells.map((c, i) => (i === 0 ? c.padEnd(38) : c.padStart(14))).join('');
  const lines = [
    `${identity.target}: Linux ${identity.release}, ${identity.arch}, pages of ${identity.pageSize} bytes`,
    '',
    row(['capability', ...columns]),
    ...probe.capabilities.map((c) =>
      row([`${c.number.toString()} ${c.name}`.trim(), ...columns.map((k) => (c.values[k] ?? 0n).toString())]),
    ),
    '',
    'Conclusions, in the order they were drawn:',
    ...probe.reasons.map((r) => `  ${r}`),
    '',
    'Features:',
    ...[...features].map(([id, { present, why }]) => `  ${present ? 'yes' : 'no '} ${id.padEnd(18)} ${why}`),
    '',
    `Profile: ${probe.profile?.id ?? 'none fits'}`,
  ];
  return `${lines.join('\n')}\n`;
}
