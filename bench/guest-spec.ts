// SPDX-License-Identifier: GPL-2.0-only
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkImage } from '../kernels/boot/image.js';
import { initramfs } from '../kernels/boot/initramfs.js';
import { qemuBinary } from '../kernels/boot/qemu-command.js';
import type { GuestSpec } from '../kernels/boot/qemu-command.js';
import { loadMachine } from '../kernels/build/machine.js';
import type { BenchContext } from './benchmark.js';
import { compileC } from './compile.js';
import type { CProgram } from './compile.js';
import { kernelImage } from './kernel.js';

/**
 * A guest like those of `gmemcheck run` (same machine, same kernel, same command line) in which one of our C
 * programs is init.
 *
 * @throws TargetError when the kernel, QEMU or the compiler is missing
 */
export async function guestSpec(program: CProgram, cx: BenchContext): Promise<GuestSpec> {
  const machine = loadMachine(cx.arch);
  const kernel = await kernelImage(cx);
  await checkImage(kernel, machine);
  const { sandbox, devices } = await qemuBinary(machine);
  const executable = await compileC(program, cx.arch, cx.directory);
  const archive = join(cx.directory, `${basename(program)}-${cx.arch}.cpio`);
  await writeFile(archive, initramfs(await readFile(executable)));
  const { cpus, memoryMb } = machine.boot;
  return {
    machine,
    accelerator: 'tcg',
    kernel,
    initramfs: archive,
    cpus,
    memoryMb,
    cmdline: [],
    sandbox,
    devices,
  };
}
