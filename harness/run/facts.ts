// SPDX-License-Identifier: GPL-2.0-only
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigFacts, readConfig } from './kernel-config.js';

/**
 * Where facts about a kernel are read: this machine, or a guest through its agent. Both functions give
 * undefined for what does not exist or may not be read; neither rejects for that.
 */
export interface FactSource {
  /** @param path absolute; text files may come as strings, compressed ones must come as bytes. */
  readFile(path: string): Promise<Uint8Array | string | undefined>;
  /** @returns names without directory, in any order. */
  listDir(path: string): Promise<string[] | undefined>;
}

/** What a kernel says of itself. Absent: it does not say. */
export interface KernelFacts {
  release?: string;
  /** The build: `#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1 (2026-11-01)`. */
  version?: string;
  /** Taint flags as a number; 0 is untainted. */
  tainted?: string;
  config?: ConfigFacts;
  kvm: KvmFacts;
  cpu: CpuFacts;
  /** `always [madvise] never`. */
  transparentHugepage?: string;
  numaNodes?: string;
}

export interface KvmFacts {
  /** What runs vCPUs: `kvm_amd`, `kvm_intel`, `kvm_pvm`; several joined by `+`; `kvm` where it has no module of its own. */
  backend?: string;
  /** Modules with an entry in /sys/module, built in or loaded. */
  modules: string[];
  /** By module and parameter. `unreadable`: it exists, and we may not read it. */
  parameters: Record<string, Record<string, string>>;
}

export interface CpuFacts {
  vendor?: string;
  model?: string;
  microcode?: string;
  /** CPUs online, as a list of ranges: `0-3`. */
  online?: string;
  /** Of the first CPU: `family 25 model 17 stepping 1`, or implementer, part and so on of an Arm core. */
  identification?: string;
}

/** Facts of the running kernel. @param root another root directory, for tests and containers. */
export async function readHostFacts(root = '/'): Promise<KernelFacts> {
  return readFacts({
    readFile: (path) => readFile(join(root, path)).catch(() => undefined),
    listDir: (path) => readdir(join(root, path)).catch(() => undefined),
  });
}

/**
 * Facts of the kernel behind a source.
 * @param config text of the kernel configuration where it is known from the build; by default it is looked
 * for where kernels and distributions leave it.
 */
export async function readFacts(source: FactSource, config?: string): Promise<KernelFacts> {
  const release = await line(source, '/proc/sys/kernel/osrelease');
  const cpu = await readCpu(source);
  return withoutUndefined({
    release,
    version: await line(source, '/proc/sys/kernel/version'),
    tainted: await line(source, '/proc/sys/kernel/tainted'),
    config: await readConfig(source, release, config),
    kvm: await readKvm(source, cpu.vendor),
    cpu,
    transparentHugepage: await line(source, '/sys/kernel/mm/transparent_hugepage/enabled'),
    numaNodes: await line(source, '/sys/devices/system/node/online'),
  });
}

/** Modules around KVM that run no vCPUs. */
const NOT_BACKENDS: ReadonlySet<string> = new Set(['kvm', 'kvmgt', 'kvm_vfio', 'kvm_guest', 'kvm_stat']);

/** Built into one kernel both are there, and the CPU decides which of them works. */
const OTHER_VENDOR: Readonly<Record<string, string>> = { AuthenticAMD: 'kvm_intel', GenuineIntel: 'kvm_amd' };

async function readKvm(source: FactSource, vendor = ''): Promise<KvmFacts> {
  const all = (await source.listDir('/sys/module')) ?? [];
  const modules = all.filter((name) => /^kvm($|_|gt$)/.test(name)).sort();
  const parameters: Record<string, Record<string, string>> = {};
  for (const module of modules) {
    const directory = `/sys/module/${module}/parameters`;
    const names = (await source.listDir(directory)) ?? [];
    // All at once: a source far away then needs one exchange.
    const values = await Promise.all(
      names
        .sort()
        .map(async (name) => [name, (await line(source, `${directory}/${name}`)) ?? 'unreadable'] as const),
    );
    if (names.length > 0) parameters[module] = Object.fromEntries(values);
  }
  const backends = modules.filter((name) => !NOT_BACKENDS.has(name) && name !== OTHER_VENDOR[vendor]);
  const backend = backends.join('+') || (modules.includes('kvm') ? 'kvm' : undefined);
  return { ...(backend !== undefined && { backend }), modules, parameters };
}

/** Keys of /proc/cpuinfo on x86 and Arm that together name a CPU, in this order. */
const IDENTIFICATION: readonly (readonly [key: string, name: string])[] = [
  ['cpu family', 'family'],
  ['model', 'model'],
  ['stepping', 'stepping'],
  ['CPU implementer', 'implementer'],
  ['CPU architecture', 'architecture'],
  ['CPU variant', 'variant'],
  ['CPU part', 'part'],
  ['CPU revision', 'revision'],
];

async function readCpu(source: FactSource): Promise<CpuFacts> {
  const [first = ''] = ((await text(source, '/proc/cpuinfo')) ?? '').split('\n\n');
  const fields = new Map<string, string>();
  for (const row of first.split('\n')) {
    const colon = row.indexOf(':');
    if (colon > 0) fields.set(row.slice(0, colon).trim(), row.slice(colon + 1).trim());
  }
  const parts = IDENTIFICATION.flatMap(([key, name]) => {
    const value = fields.get(key);
    return value === undefined ? [] : [`${name} ${value}`];
  });
  return withoutUndefined({
    vendor: fields.get('vendor_id'),
    model: fields.get('model name'),
    microcode: fields.get('microcode'),
    online: await line(source, '/sys/devices/system/cpu/online'),
    identification: parts.join(' ') || undefined,
  });
}

async function text(source: FactSource, path: string): Promise<string | undefined> {
  const content = await source.readFile(path);
  return content === undefined || typeof content === 'string'
    ? content
    : Buffer.from(content).toString('utf8');
}

async function line(source: FactSource, path: string): Promise<string | undefined> {
  return (await text(source, path))?.trim();
}

/** The same object without members that are undefined, so that equality and JSON agree. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}
