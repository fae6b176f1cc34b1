// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync } from 'node:fs';
import { Command } from 'commander';
import { execa } from 'execa';
import { hostArch, loadMachine } from '../../kernels/build/machine.js';
import { findBuiltKernel } from '../../kernels/build/kernel.js';
import { archesOf, loadRecipes } from '../../kernels/build/recipe.js';
import { packageOf } from '../../kernels/build/run-tool.js';
import { findCommand, missingTools } from '../../kernels/build/tools.js';
import { ARCHES } from '../uapi/arch.js';
import { kvmOpens } from './open-target.js';

/** One thing that a target needs. */
interface Finding {
  /** Target, or `all`. */
  for: string;
  what: string;
  ok: boolean;
  seen: string;
  /** Debian packages that bring it. */
  packages?: readonly string[];
  /** What to do where no package helps. */
  fix?: string;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Show what each target needs, what is here, and which packages to install.')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine();
      process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : render(findings));
    });
}

async function examine(): Promise<Finding[]> {
  const arch = hostArch();
  return [
    {
      for: 'all',
      what: 'Node >= 20.15',
      ok: nodeFits(process.versions.node),
      seen: process.version,
      fix: 'nodejs',
    },
    { for: 'all', what: 'architecture x86_64 or aarch64', ok: arch !== undefined, seen: process.arch },
    ...kvm(),
    ...(await agentCompilers()),
    ...(await qemu()),
    ...(await buildTools()),
    ...(await kernels()),
  ];
}

function nodeFits(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 15);
}

function kvm(): Finding[] {
  const opens = kvmOpens();
  const backends = modules().filter((m) => /^kvm_(amd|intel|pvm)/.test(m) || m === 'kvm');
  return [
    {
      for: 'host, agent',
      what: '/dev/kvm',
      ok: opens,
      seen: opens ? `opens; modules ${backends.join(', ') || 'built in'}` : 'does not open',
      fix: 'load kvm_amd or kvm_intel, or join the group that owns /dev/kvm (usually kvm)',
    },
    {
      for: 'host',
      what: 'glibc (ffi-rs loads libc)',
      ok: glibc() !== undefined,
      seen: glibc() ?? 'not glibc: musl builds of ffi-rs exist',
    },
  ];
}

function modules(): string[] {
  try {
    return readdirSync('/sys/module');
  } catch {
    return [];
  }
}

function glibc(): string | undefined {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime;
}

/** First line of a tool's version, undefined when it does not run. */
async function versionOf(command: string, ...args: string[]): Promise<string | undefined> {
  const result = await execa(command, args, { reject: false, timeout: 10_000 });
  return result.exitCode === 0 ? (result.stdout.split('\n')[0] ?? '') : undefined;
}

async function agentCompilers(): Promise<Finding[]> {
  const host = hostArch();
  const findings: Finding[] = [];
  for (const arch of ARCHES) {
    const { kernel } = loadMachine(arch);
    const kind = arch === host ? 'native' : 'cross';
    const seen = await versionOf(kernel.compiler[kind], '--version');
    findings.push({
      for: arch === host ? 'agent, qemu' : `qemu --arch ${arch}`,
      what: `C compiler for ${arch} (${kernel.compiler[kind]})`,
      ok: seen !== undefined,
      seen: seen ?? 'not found',
      packages: kernel.packages[kind],
    });
  }
  return findings;
}

async function qemu(): Promise<Finding[]> {
  return Promise.all(
    ARCHES.map(async (arch) => {
      const machine = loadMachine(arch);
      const seen = await versionOf(machine.qemu.binary, '--version');
      return {
        for: `qemu --arch ${arch}`,
        what: machine.qemu.binary,
        ok: seen !== undefined,
        seen: seen ?? 'not found',
        packages: [machine.qemu.package],
      };
    }),
  );
}

/** What a kernel build needs is known where kernels are built. */
async function buildTools(): Promise<Finding[]> {
  const builds = ARCHES.map((arch) => {
    const { missing, packages } = missingTools(loadMachine(arch));
    return {
      for: `kernel build --arch ${arch}`,
      what: 'tools and headers',
      ok: missing.length === 0,
      seen: missing.length === 0 ? 'all found' : `no ${missing.join(', no ')}`,
      packages,
    };
  });
  const optional = await Promise.all(
    OPTIONAL.map(async ({ command, without }) => {
      // depmod is where users' PATH does not lead.
      const path = findCommand(command) ?? findCommand(command, ['/usr/sbin', '/sbin']);
      const seen = path === undefined ? undefined : await versionOf(path, '--version');
      return {
        for: 'kernel build',
        what: `${command} (optional)`,
        ok: seen !== undefined,
        seen: seen ?? `not found: ${without}`,
        packages: [packageOf(command)],
      };
    }),
  );
  return [...builds, ...optional];
}

/** Tools of some recipes only, and what is not possible without them. */
const OPTIONAL: readonly { command: string; without: string }[] = [
  { command: 'ccache', without: 'rebuilds take longer' },
  { command: 'patch', without: 'no recipes with patches, such as reference-7.3' },
  { command: 'git', without: 'no git trees, commit ranges and mailboxes in recipes' },
  { command: 'b4', without: 'no series by message-id in recipes' },
  { command: 'depmod', without: 'no kernels as Debian packages them' },
  { command: 'zstd', without: 'no modules that are compressed with it' },
];

async function kernels(): Promise<Finding[]> {
  const rows = loadRecipes().flatMap((recipe) => archesOf(recipe).map((arch) => ({ recipe, arch })));
  return Promise.all(
    rows.map(async ({ recipe, arch }) => {
      const built = await findBuiltKernel(recipe, arch);
      return {
        for: `qemu:${recipe.name} --arch ${arch}`,
        what: 'kernel',
        ok: built !== undefined,
        seen: built ? `built, ${built.release}` : 'not built yet; run builds it',
        fix: `gmemcheck kernel build ${recipe.name} --arch ${arch}`,
      };
    }),
  );
}

function render(findings: readonly Finding[]): string {
  const missing = findings.filter((f) => !f.ok);
  const lines = findings.map((f) => {
    const head = `${f.ok ? 'ok     ' : 'missing'} ${f.for.padEnd(34)} ${f.what}: ${f.seen}`;
    const packages = f.packages?.length ? `apt-get install ${f.packages.join(' ')}` : undefined;
    const fix = packages ?? f.fix;
    return f.ok || fix === undefined ? head : `${head}\n        -> ${fix}`;
  });
  const packages = [...new Set(missing.flatMap((f) => f.packages ?? []))].sort();
  if (packages.length > 0)
    lines.push('', `Debian packages for everything: apt-get install ${packages.join(' ')}`);
  return `${lines.join('\n')}\n`;
}
