// SPDX-License-Identifier: GPL-2.0-only
import { readdirSync } from 'node:fs';
import { Command } from 'commander';
import { execa } from 'execa';
import { hostArch, loadMachine } from '../../kernels/build/machine.js';
import { findBuiltKernel } from '../../kernels/build/kernel.js';
import { loadRecipes } from '../../kernels/build/recipe.js';
import { ARCHES } from '../uapi/arch.js';
import { kvmOpens } from './open-target.js';

/** One thing that a target needs. */
interface Finding {
  /** Target, or `all`. */
  for: string;
  what: string;
  ok: boolean;
  seen: string;
  /** Debian packages that bring it, or what else to do. */
  fix?: string;
}

/** Tools of a kernel build: command, arguments that print a version, package. */
const BUILD_TOOLS: readonly (readonly [string, string, string])[] = [
  ['make', '--version', 'make'],
  ['flex', '--version', 'flex'],
  ['bison', '--version', 'bison'],
  ['bc', '--version', 'bc'],
  ['cpio', '--version', 'cpio'],
  ['kmod', '--version', 'kmod'],
  ['xz', '--version', 'xz-utils'],
  ['dpkg', '--version', 'dpkg'],
];
const BUILD_HEADERS: readonly (readonly [string, string])[] = [
  ['libelf.h', 'libelf-dev'],
  ['openssl/opensslv.h', 'libssl-dev'],
];

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
      fix: kernel.packages[kind].join(' '),
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
        fix: machine.qemu.package,
      };
    }),
  );
}

async function buildTools(): Promise<Finding[]> {
  const tools = await Promise.all(
    BUILD_TOOLS.map(async ([command, flag, fix]) => {
      const seen = await versionOf(command, flag);
      return { for: 'kernel build', what: command, ok: seen !== undefined, seen: seen ?? 'not found', fix };
    }),
  );
  const headers = await Promise.all(
    BUILD_HEADERS.map(async ([header, fix]) => {
      const result = await execa('gcc', ['-E', '-x', 'c', '-'], {
        reject: false,
        input: `#include <${header}>\n`,
      });
      const ok = result.exitCode === 0;
      return { for: 'kernel build', what: `<${header}>`, ok, seen: ok ? 'found' : 'not found', fix };
    }),
  );
  const ccache = await versionOf('ccache', '--version');
  return [
    ...tools,
    ...headers,
    {
      for: 'kernel build',
      what: 'ccache (optional)',
      ok: ccache !== undefined,
      seen: ccache ?? 'not found: rebuilds take longer',
      fix: 'ccache',
    },
  ];
}

async function kernels(): Promise<Finding[]> {
  const rows = loadRecipes().flatMap((recipe) => ARCHES.map((arch) => ({ recipe, arch })));
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
  const lines = findings.map((f) => {
    const head = `${f.ok ? 'ok     ' : 'missing'} ${f.for.padEnd(34)} ${f.what}: ${f.seen}`;
    return f.ok || f.fix === undefined ? head : `${head}\n        -> ${f.fix}`;
  });
  const packages = [
    ...new Set(
      findings
        .filter(
          (f) =>
            !f.ok &&
            /^[a-z0-9][a-z0-9.+ -]*$/.test(f.fix ?? '') &&
            !(f.fix ?? '').startsWith('gmemcheck') &&
            !(f.fix ?? '').startsWith('load'),
        )
        .map((f) => f.fix),
    ),
  ];
  if (packages.length > 0)
    lines.push('', `Debian packages for everything: apt-get install ${packages.join(' ')}`);
  return `${lines.join('\n')}\n`;
}
