// SPDX-License-Identifier: GPL-2.0-only
/** The modules that a modular kernel needs until its first program, in the order of loading. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import type { GuestArch } from './machine.js';
import { packageOf } from './run-tool.js';

/** What the agent's port and KVM need where they are modules. One that fits another CPU fails to load, and may. */
const USUAL: Readonly<Record<GuestArch, readonly string[]>> = {
  x86_64: ['virtio_pci', 'virtio_console', 'kvm_amd', 'kvm_intel'],
  aarch64: ['virtio_pci', 'virtio_console', 'kvm'],
};

/** `kernel/arch/x86/kvm/kvm-amd.ko.xz` is the module kvm_amd. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** modules.dep: `module: what it needs…`, paths relative to the directory. */
export function parseModulesDep(text: string): Map<string, { path: string; needs: string[] }> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const [, path, needs = ''] = /^([^:\s]+):(.*)$/.exec(line) ?? [];
      if (path === undefined) return [];
      return [[moduleName(path), { path, needs: needs.split(/\s+/).filter((word) => word !== '') }]] as const;
    }),
  );
}

/**
 * Order modules so that each comes after what it needs.
 *
 * @param known from {@link parseModulesDep}
 * @param builtin names of modules that are part of the kernel image
 * @returns paths as modules.dep gives them, and the wanted names that do not exist
 */
export function loadOrder(
  known: ReadonlyMap<string, { path: string; needs: readonly string[] }>,
  builtin: ReadonlySet<string>,
  wanted: readonly string[],
): { order: string[]; absent: string[] } {
  const order = new Set<string>();
  const absent: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    const module = known.get(name);
    if (!module) {
      if (!builtin.has(name)) absent.push(name);
      return;
    }
    for (const need of module.needs) visit(moduleName(need));
    order.add(module.path);
  };
  for (const name of wanted) visit(name.replaceAll('-', '_'));
  return { order: [...order], absent };
}

/**
 * The files of the modules that a guest loads.
 *
 * @param directory /lib/modules/RELEASE of the kernel
 * @param load names; absent: the usual ones, as far as they exist
 * @returns absolute paths, in the order of loading
 * @throws TargetError when there is no modules.dep, or a named module does not exist
 */
export async function moduleFiles(
  directory: string,
  arch: GuestArch,
  load?: readonly string[],
): Promise<string[]> {
  const dep = await readFile(join(directory, 'modules.dep'), 'utf8').catch((cause: unknown) => {
    throw new TargetError(
      `${directory}: expected a directory of modules with modules.dep (made by depmod): ${String(cause)}`,
      'fatal',
      { cause },
    );
  });
  const inside = await readFile(join(directory, 'modules.builtin'), 'utf8').catch(() => '');
  const builtin = new Set(inside.split('\n').map(moduleName));
  const { order, absent } = loadOrder(parseModulesDep(dep), builtin, load ?? USUAL[arch]);
  if (load !== undefined && absent.length > 0)
    throw new TargetError(
      `${directory}: expected the modules ${load.join(', ')}, found no ${absent.join(', ')}`,
    );
  return order.map((path) => join(directory, path));
}

/** A module as the kernel loads it, which may be stored compressed. @throws TargetError when it cannot be unpacked. */
export async function readModule(path: string): Promise<Buffer> {
  const stored = await readFile(path).catch((cause: unknown) => {
    throw new TargetError(`${path}: expected a kernel module: ${String(cause)}`, 'fatal', { cause });
  });
  if (path.endsWith('.gz')) return gunzipSync(stored);
  const tool = path.endsWith('.xz') ? 'xz' : path.endsWith('.zst') ? 'zstd' : undefined;
  if (tool === undefined) return stored;
  const { exitCode, stdout, shortMessage } = await execa(tool, ['-dc'], {
    input: stored,
    encoding: 'buffer',
    reject: false,
  });
  if (exitCode === 0) return Buffer.from(stdout);
  throw new TargetError(
    `${path}: expected ${tool} to unpack it: ${shortMessage ?? ''}; is the package ${packageOf(tool)} installed?`,
  );
}

/** Name and contents of each, for the initramfs. The name without its compression. */
export async function readModules(paths: readonly string[]): Promise<{ name: string; data: Buffer }[]> {
  return Promise.all(
    paths.map(async (path) => ({ name: `${moduleName(path)}.ko`, data: await readModule(path) })),
  );
}
