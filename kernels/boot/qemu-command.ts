// SPDX-License-Identifier: GPL-2.0-only
import { execa } from 'execa';
import { TargetError } from '../../harness/target/executor.js';
import type { Machine } from '../build/machine.js';
import type { Accelerator } from './accelerator.js';

/** Descriptors that QEMU inherits; 0 to 2 are the usual ones. */
export const PORT_FD = 3;
export const QMP_FD = 4;
export const SNAPSHOT_FD = 5;

/** Name of the virtio-serial port, by which the agent finds it. */
export const PORT_NAME = 'gmemcheck';

/** What a guest is made of. Paths are absolute. */
export interface GuestSpec {
  machine: Machine;
  accelerator: Accelerator;
  kernel: string;
  initramfs: string;
  cpus: number;
  memoryMb: number;
  /** Appended to the machine's kernel command line. */
  cmdline: string[];
  /** This QEMU was built with seccomp. */
  sandbox: boolean;
  /** Arguments of -device besides those of the agent's port. */
  devices: readonly string[];
}

/** What the kernel gets as its command line. */
export function kernelCommandLine({ machine, cmdline }: Pick<GuestSpec, 'machine' | 'cmdline'>): string {
  return [...machine.boot.cmdline, ...cmdline].join(' ');
}

/**
 * The arguments of QEMU for a guest. No network, no default devices, nothing shared with the host; the
 * agent's port and QMP are sockets that QEMU inherits, so that no path in a file system leads to them. The
 * console goes to a file: a socket would stop the guest whenever the harness is busy.
 *
 * @param consoleFile created by QEMU.
 * @param incoming restore from a migration stream on {@link SNAPSHOT_FD} instead of booting.
 */
export function qemuArguments(spec: GuestSpec, consoleFile: string, incoming: boolean): string[] {
  const { machine } = spec;
  const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';
  return [
    ...['-name', 'gmemcheck', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...(spec.sandbox ? ['-sandbox', sandbox] : []),
    ...['-machine', machine.qemu.machine, '-accel', spec.accelerator],
    ...['-cpu', machine.qemu.cpu[spec.accelerator]],
    ...['-smp', String(spec.cpus), '-m', `${spec.memoryMb}M`],
    ...['-kernel', spec.kernel, '-initrd', spec.initramfs],
    ...['-append', kernelCommandLine(spec)],
    ...spec.devices.flatMap((device) => ['-device', device]),
    // A comma in an option's value is written twice.
    ...[
      '-chardev',
      `file,id=console,path=${consoleFile.replaceAll(',', ',,')}`,
      '-serial',
      'chardev:console',
    ],
    ...['-chardev', `socket,id=port,fd=${PORT_FD}`, '-device', 'virtio-serial-pci'],
    ...['-device', `virtserialport,chardev=port,name=${PORT_NAME}`],
    ...['-chardev', `socket,id=qmp,fd=${QMP_FD}`, '-mon', 'chardev=qmp,mode=control'],
    ...(incoming ? ['-incoming', `fd:${SNAPSHOT_FD}`] : []),
  ];
}

export interface QemuBinary {
  /** First line of --version. */
  version: string;
  sandbox: boolean;
  /** The machine's devices, or none where this QEMU lacks one of them: distributions leave test devices out. */
  devices: readonly string[];
}

const known = new Map<string, Promise<QemuBinary>>();

async function probe({ qemu: { binary, package: debianPackage, devices } }: Machine): Promise<QemuBinary> {
  const run = async (...options: string[]): Promise<string> => {
    const { stdout, exitCode, shortMessage } = await execa(binary, options, {
      reject: false,
      stdin: 'ignore',
    });
    if (exitCode === 0) return stdout;
    throw new TargetError(
      `expected a working ${binary}, got: ${shortMessage ?? 'no exit code'}; install the package ${debianPackage}`,
    );
  };
  const [version, help, models] = await Promise.all([
    run('--version'),
    run('--help'),
    devices.length === 0 ? '' : run('-device', 'help'),
  ]);
  const complete = devices.every((device) => models.includes(`name "${device.split(',')[0] ?? ''}"`));
  return {
    version: version.split('\n')[0] ?? '',
    sandbox: /^-sandbox /m.test(help),
    devices: complete ? devices : [],
  };
}

/**
 * Version and abilities of a machine's QEMU, asked once per process.
 *
 * @throws TargetError naming the Debian package when it is not installed.
 */
export function qemuBinary(machine: Machine): Promise<QemuBinary> {
  const { binary } = machine.qemu;
  const asked = known.get(binary) ?? probe(machine);
  known.set(binary, asked);
  return asked;
}
