// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TargetError } from '../../harness/target/executor.js';
import { buildAgent } from '../build/agent.js';
import { cacheDir } from '../build/cache.js';
import { hostArch, loadMachine } from '../build/machine.js';
import type { GuestArch } from '../build/machine.js';
import { readModules } from '../build/modules.js';
import { chooseAccelerator } from './accelerator.js';
import type { Accelerator } from './accelerator.js';
import { checkImage } from './image.js';
import { initramfs } from './initramfs.js';
import type { Module } from './initramfs.js';
import { kernelCommandLine, qemuBinary } from './qemu-command.js';
import type { GuestSpec } from './qemu-command.js';
import { snapshotDirectory } from './snapshot.js';

/** What somebody who wants a guest may say about it. */
export interface GuestOptions {
  /** Path of the kernel image. */
  kernel: string;
  /** Default: this machine's. */
  arch?: GuestArch;
  /** Default: the machine record's (1 CPU, 256 MiB). */
  cpus?: number;
  memoryMb?: number;
  /** Milliseconds a boot may take; default: the machine record's. */
  bootTimeoutMs?: number;
  /** Default `auto`: KVM where the guest would have working KVM itself, else TCG. */
  accelerator?: 'auto' | Accelerator;
  /** Words added to the kernel command line; NAME=VALUE unknown to the kernel reaches the agent's environment. */
  cmdline?: string[];
  /** Start from a snapshot when that is faster; default true. */
  snapshot?: boolean;
  /** Kernel modules that the guest loads at boot, in this order; they may be compressed. */
  modules?: string[];
  /** Facts for reports that only the caller knows. */
  facts?: Record<string, string>;
  /** A ready-made agent; default: build it. */
  agent?: string;
}

/** All that has to be found out once before the guest can be started. */
export interface GuestPlan {
  spec: GuestSpec;
  snapshot: string | undefined;
  bootTimeoutMs: number;
  facts: Record<string, string>;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Store the initramfs under its hash, so that a guest's command line repeats. */
async function storeInitramfs(
  agent: Uint8Array,
  modules: readonly Module[],
): Promise<{ path: string; hash: string }> {
  const bytes = initramfs(agent, modules);
  const hash = sha256(bytes);
  const path = cacheDir('initramfs', `${hash.slice(0, 32)}.cpio`);
  try {
    await access(path);
  } catch {
    const scratch = `${path}.${process.pid}`;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(scratch, bytes);
    await rename(scratch, path);
  }
  return { path, hash };
}

/**
 * Find out everything a guest needs, build its agent, and store its initramfs.
 *
 * @throws TargetError when the kernel is none, or QEMU or a compiler is missing; CaseError when the machine's
 * record is not valid.
 */
export async function planGuest(options: GuestOptions): Promise<GuestPlan> {
  const arch = options.arch ?? hostArch();
  if (arch === undefined) {
    throw new TargetError(`expected --arch to name the guest on a host of type ${process.arch}`);
  }
  const machine = loadMachine(arch);
  const kernel = resolve(options.kernel);
  await checkImage(kernel, machine);
  const { accelerator, reason } = chooseAccelerator(options.accelerator ?? 'auto', arch);
  const [qemu, agentPath, kernelHash] = await Promise.all([
    qemuBinary(machine),
    options.agent ?? buildAgent(arch).then(({ path }) => path),
    readFile(kernel).then(sha256),
  ]);
  const agent = await readFile(agentPath);
  const modules = await readModules(options.modules ?? []);
  const image = await storeInitramfs(agent, modules);
  const spec: GuestSpec = {
    machine,
    accelerator,
    kernel,
    initramfs: image.path,
    cpus: options.cpus ?? machine.boot.cpus,
    memoryMb: options.memoryMb ?? machine.boot.memoryMb,
    cmdline: options.cmdline ?? [],
    sandbox: qemu.sandbox,
    devices: qemu.devices,
  };
  // Under KVM a boot takes as long as a restore, and the stream would depend on the host's CPU.
  const snapshots = (options.snapshot ?? true) && accelerator === 'tcg';
  const hashes = { kernel: kernelHash, initramfs: image.hash, qemu: qemu.version };
  return {
    spec,
    snapshot: snapshots ? snapshotDirectory(spec, hashes) : undefined,
    bootTimeoutMs: options.bootTimeoutMs ?? machine.boot.timeoutMs,
    facts: {
      ...options.facts,
      kernelImage: kernel,
      kernelSha256: kernelHash,
      agentSha256: sha256(agent),
      arch,
      accelerator: `${accelerator} (${reason})`,
      qemu: qemu.version,
      cpus: String(spec.cpus),
      memoryMb: String(spec.memoryMb),
      cmdline: kernelCommandLine(spec),
      ...(modules.length === 0 ? {} : { modules: modules.map(({ name }) => name).join(' ') }),
      sandbox: qemu.sandbox ? 'on' : 'unsupported',
    },
  };
}
