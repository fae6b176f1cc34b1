// SPDX-License-Identifier: GPL-2.0-only
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { TargetError } from '../../harness/target/executor.js';
import { hostArch } from '../build/machine.js';
import type { GuestArch } from '../build/machine.js';

export type Accelerator = 'tcg' | 'kvm';

/** What decides whether KVM can give a guest that has working KVM itself. */
export interface HostVirtualization {
  arch: GuestArch | undefined;
  /** Words of the `flags` line of /proc/cpuinfo. */
  cpuFlags: ReadonlySet<string>;
  /** /dev/kvm can be opened for reading and writing. */
  kvmDevice: boolean;
  /** A KVM backend that is not hardware virtualization (pvm) is loaded. */
  softwareBackend: boolean;
  /** The `nested` parameter of kvm_amd or kvm_intel is on. */
  nested: boolean;
}

/** Read {@link HostVirtualization} from /proc, /sys and /dev. */
export function hostVirtualization(): HostVirtualization {
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const flags = /^flags\s*:\s*(.*)$/m.exec(read('/proc/cpuinfo'))?.[1] ?? '';
  const nested = ['kvm_amd', 'kvm_intel'].map((name) => read(`/sys/module/${name}/parameters/nested`).trim());
  let kvmDevice = true;
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    kvmDevice = false;
  }
  return {
    arch: hostArch(),
    cpuFlags: new Set(flags.split(/\s+/)),
    kvmDevice,
    softwareBackend: existsSync('/sys/module/kvm_pvm'),
    nested: nested.some((value) => value === '1' || value === 'Y'),
  };
}

/**
 * Why KVM must not be used for a guest that is to run KVM itself, or undefined when it may be. KVM on a
 * host that is a guest is refused too: two levels of nesting below ours are where results stop being the
 * tested kernel's.
 */
export function kvmObjection(host: HostVirtualization, arch: GuestArch): string | undefined {
  if (host.arch !== arch) return `the host is ${host.arch ?? process.arch}, the guest ${arch}`;
  if (arch !== 'x86_64') return 'nested virtualization is only relied on for x86_64';
  if (!host.kvmDevice) return '/dev/kvm cannot be opened';
  if (host.softwareBackend) return 'the KVM backend is pvm, which has no nested hardware virtualization';
  if (!host.cpuFlags.has('svm') && !host.cpuFlags.has('vmx')) return 'the CPU shows neither svm nor vmx';
  if (host.cpuFlags.has('hypervisor')) return 'the host is itself a guest';
  if (!host.nested) return "kvm_amd/kvm_intel parameter 'nested' is off";
  return undefined;
}

/**
 * Choose an accelerator. `auto` takes KVM only where nothing speaks against it.
 *
 * @throws TargetError when KVM was asked for by name and cannot work.
 */
export function chooseAccelerator(
  wish: 'auto' | Accelerator,
  arch: GuestArch,
  host: HostVirtualization = hostVirtualization(),
): { accelerator: Accelerator; reason: string } {
  if (wish === 'tcg') return { accelerator: 'tcg', reason: 'asked for' };
  const objection = kvmObjection(host, arch);
  if (objection === undefined) return { accelerator: 'kvm', reason: 'KVM with nesting' };
  if (wish === 'auto') return { accelerator: 'tcg', reason: objection };
  throw new TargetError(`expected accelerator kvm to be usable for ${arch}: ${objection}; use tcg or auto`);
}
