// SPDX-License-Identifier: GPL-2.0-only
import { availableParallelism, cpus, freemem, loadavg, release, totalmem } from 'node:os';
import { qemuBinary } from '../kernels/boot/qemu-command.js';
import { loadMachine } from '../kernels/build/machine.js';
import type { GuestArch } from '../kernels/build/machine.js';

/** Where and when figures were measured. */
export interface MachineFacts {
  date: string;
  cpu: string;
  cores: number;
  /** 1, 5 and 15 minutes, when the run began. */
  load: string;
  memory: string;
  kernel: string;
  node: string;
  /** First line of --version, or why there is none. */
  qemu: string[];
}

const GIB = 1024 ** 3;

/** Describe this machine. @param arches whose QEMU is of interest */
export async function machineFacts(arches: readonly GuestArch[]): Promise<MachineFacts> {
  const gib = (bytes: number): string => (bytes / GIB).toFixed(1);
  const qemu = await Promise.all(
    arches.map((arch) =>
      qemuBinary(loadMachine(arch)).then(
        ({ version }) => `${arch}: ${version}`,
        (error: unknown) => `${arch}: ${error instanceof Error ? error.message : String(error)}`,
      ),
    ),
  );
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    load: loadavg()
      .map((value) => value.toFixed(2))
      .join(' '),
    memory: `${gib(totalmem())} GiB, ${gib(freemem())} GiB free`,
    kernel: release(),
    node: process.version,
    qemu,
  };
}

/** The facts as lines for people, with a warning when the figures will be those of a busy machine. */
export function renderMachine(facts: MachineFacts): string {
  const lines = Object.entries(facts).flatMap(([name, value]: [string, string | number | string[]]) =>
    [value].flat().map((each) => `${name.padEnd(7)} ${each}`),
  );
  const busy = Number(facts.load.split(' ')[0]) > facts.cores / 2;
  return `${[...lines, ...(busy ? ['this machine is busy: ratios tell more than times'] : [])].join('\n')}\n`;
}
