// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { findBuiltKernel } from '../../kernels/build/kernel.js';
import { GUEST_ARCHES, loadMachine } from '../../kernels/build/machine.js';
import type { GuestArch } from '../../kernels/build/machine.js';
import { loadRecipes } from '../../kernels/build/recipe.js';
import { findCommand, kernelCompiler } from '../../kernels/build/tools.js';
import type { WireArg, WireOp, WireProgram } from '../lower/wire.js';
import { TargetError } from './executor.js';
import { QemuExecutor } from './qemu-executor.js';
import type { QemuOptions } from './qemu-executor.js';

const NR = {
  x86_64: { openat: 257, write: 1, getpid: 39 },
  aarch64: { openat: 56, write: 64, getpid: 172 },
} as const;
const AT_FDCWD = -100n & 0xffff_ffff_ffff_ffffn;
const O_WRONLY = 1n;

function syscall(nr: number, ...args: WireArg[]): WireOp {
  const flags = { resultIsFd: false, resultIsMapping: false, evenIfBroken: false };
  return { code: 'syscall', nr, args, timeoutMs: 0, ...flags };
}

function getpid(arch: GuestArch): WireProgram {
  return { timeoutMs: 2_000, blob: new Uint8Array(1), ops: [syscall(NR[arch].getpid)] };
}

/** Writes a string into a file of the guest. */
function writeFile(arch: GuestArch, path: string, text: string): WireProgram {
  const immediate = (add: bigint): WireArg => ({ kind: 'imm', add });
  const blob = Buffer.from(`${path}\0${text}`);
  const textAt: WireArg = { kind: 'blob', add: BigInt(path.length + 1) };
  const open = syscall(NR[arch].openat, immediate(AT_FDCWD), { kind: 'blob', add: 0n }, immediate(O_WRONLY));
  const write = syscall(
    NR[arch].write,
    { kind: 'ret', ref: 0, add: 0n },
    textAt,
    immediate(BigInt(text.length)),
  );
  return { timeoutMs: 2_000, blob, ops: [open, write] };
}

async function availability(arch: GuestArch): Promise<{ kernel?: string; reason: string }> {
  const machine = loadMachine(arch);
  if (findCommand(machine.qemu.binary) === undefined)
    return { reason: `${machine.qemu.binary} is not installed` };
  if (findCommand(kernelCompiler(machine)) === undefined)
    return { reason: `no compiler for the ${arch} agent` };
  for (const recipe of loadRecipes()) {
    const built = await findBuiltKernel(recipe, arch);
    if (built) return { kernel: built.image, reason: '' };
  }
  return { reason: `no kernel is built for ${arch}` };
}

const open: QemuExecutor[] = [];
function executor(options: QemuOptions): QemuExecutor {
  const made = new QemuExecutor(options);
  open.push(made);
  return made;
}
afterAll(() => Promise.all(open.map((each) => each.close())));

for (const arch of GUEST_ARCHES) {
  const { kernel, reason } = await availability(arch);
  const title =
    kernel === undefined ? `QemuExecutor on ${arch} (skipped: ${reason})` : `QemuExecutor on ${arch}`;
  describe.skipIf(kernel === undefined)(title, () => {
    const options = { kernel: kernel ?? '', arch };

    it('runs programs, and says how the guest was started', async () => {
      const qemu = executor(options);
      const hello = await qemu.start();
      expect(hello.machine).toBe(arch);
      expect(hello.features).toContain('signals');
      const { reply, crash } = await qemu.run(getpid(arch));
      expect(crash).toBeUndefined();
      expect(reply?.end).toBe('complete');
      expect(qemu.facts()).toMatchObject({
        start: expect.stringMatching(/^(boot|snapshot)$/) as string,
        restarts: '0',
      });
      expect(Number(qemu.facts().startMs)).toBeGreaterThan(0);
    });

    it('restores one snapshot into two guests at the same time', async () => {
      const pair = [executor(options), executor(options)];
      await Promise.all(pair.map((each) => each.start()));
      const runs = await Promise.all(pair.map((each) => each.run(getpid(arch))));
      expect(runs.map(({ reply }) => reply?.end)).toEqual(['complete', 'complete']);
    });

    it('boots without a snapshot when told to', async () => {
      const qemu = executor({ ...options, snapshot: false });
      await qemu.start();
      expect(qemu.facts().start).toBe('boot');
      await qemu.close();
    });

    it('reports a panic as a crash with its title, and restarts for the next program', async () => {
      const qemu = executor(options);
      const { reply, crash } = await qemu.run(writeFile(arch, '/proc/sysrq-trigger', 'c'));
      expect(reply).toBeUndefined();
      expect(crash?.kind).toBe('panic');
      expect(crash?.title).toBe('Kernel panic - not syncing: sysrq triggered crash');
      expect(crash?.excerpt.join('\n')).toMatch(/sysrq_handle_crash|__handle_sysrq/);
      expect(qemu.console()).toContain('sysrq triggered crash');
      const next = await qemu.run(getpid(arch));
      expect(next.reply?.end).toBe('complete');
      expect(qemu.facts().restarts).toBe('1');
    });

    it('reports a warning of a guest that lives as a splat beside the reply', async () => {
      const qemu = executor(options);
      const { reply, crash } = await qemu.run(
        writeFile(arch, '/dev/kmsg', '<4>WARNING: written by a test\n'),
      );
      expect(reply?.end).toBe('complete');
      expect(crash).toMatchObject({ kind: 'splat', title: 'WARNING: written by a test' });
      expect((await qemu.run(getpid(arch))).crash).toBeUndefined();
      expect(qemu.facts().restarts).toBe('0');
    });

    it('judges at the end what the kernel did after its last answer', async () => {
      const qemu = executor(options);
      await qemu.start();
      expect(await qemu.settle()).toBeUndefined();
      await qemu.run(getpid(arch));
      process.kill(qemu.pid ?? expect.unreachable(), 'SIGKILL');
      expect((await qemu.settle())?.kind).toBe('lost');
      expect(await qemu.settle()).toBeUndefined();
    });

    it('tells of no complaint while it boots when there was none', async () => {
      const qemu = executor({ ...options, snapshot: false });
      await qemu.start();
      expect(qemu.facts()).not.toHaveProperty('bootSplat');
    });

    it('tells once of a complaint while it boots', async () => {
      // The kernel echoes its command line while it boots.
      const complaint = ['loglevel=7', 'test="WARNING: seen at boot"'];
      const qemu = executor({ ...options, snapshot: false, cmdline: complaint });
      await qemu.start();
      expect(qemu.facts().bootSplat).toMatch(/^WARNING: seen at boot/);
      expect((await qemu.run(getpid(arch))).crash).toBeUndefined();
    });

    it('reports an agent that stops answering as a hang, and restarts', async () => {
      const qemu = executor({ ...options, cmdline: ['GMEMCHECK_STOP_AFTER=1'], graceMs: 1_000 });
      expect((await qemu.run(getpid(arch))).reply?.end).toBe('complete');
      const { crash } = await qemu.run(getpid(arch));
      expect(crash?.kind).toBe('hang');
      expect(crash?.title).toContain('no answer within 3000 ms');
      if (arch === 'x86_64') expect(crash?.excerpt.join('\n')).toContain('after an NMI');
      expect((await qemu.run(getpid(arch))).reply?.end).toBe('complete');
    });

    it('reports a guest whose QEMU was killed as lost', async () => {
      const qemu = executor({ ...options, cmdline: ['GMEMCHECK_STOP_AFTER=0'] });
      await qemu.start();
      const running = qemu.run(getpid(arch));
      process.kill(qemu.pid ?? expect.unreachable(), 'SIGKILL');
      expect((await running).crash).toMatchObject({
        kind: 'lost',
        title: expect.stringContaining('SIGKILL') as string,
      });
    });

    it('does not hide a guest that ended between two programs', async () => {
      const qemu = executor(options);
      await qemu.run(getpid(arch));
      process.kill(qemu.pid ?? expect.unreachable(), 'SIGKILL');
      await setTimeout(500);
      const { crash } = await qemu.run(getpid(arch));
      expect(crash?.kind).toBe('lost');
      expect(crash?.title).toContain('began before this program started');
      expect((await qemu.run(getpid(arch))).reply?.end).toBe('complete');
    });

    it('says with the console why a kernel without our port never answers', async () => {
      const qemu = executor({
        ...options,
        snapshot: false,
        bootTimeoutMs: 6_000,
        cmdline: ['initcall_blacklist=virtio_console_init', 'loglevel=7'],
      });
      const failure = qemu.start();
      await expect(failure).rejects.toBeInstanceOf(TargetError);
      await expect(failure).rejects.toThrow(
        /did not answer within 6 s[^]*the end of the console:\n {2}\| \[/,
      );
    });

    it('says what QEMU says of an image that it refuses', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'gmemcheck-kernel-'));
      try {
        const fake = join(directory, 'fake');
        const bytes = Buffer.alloc(4096);
        if (arch === 'x86_64') bytes.write('\x7fELF\x02\x01\x01', 'latin1');
        bytes.writeUInt16LE(62, 18);
        bytes.write('ARMd', 56, 'latin1');
        writeFileSync(fake, bytes);
        const failure = executor({ ...options, kernel: fake, bootTimeoutMs: 3_000 }).start();
        await expect(failure).rejects.toBeInstanceOf(TargetError);
        await expect(failure).rejects.toThrow(/expected this kernel to boot/);
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  });
}

describe('QemuExecutor', () => {
  it('refuses a file that is no kernel before anything starts', async () => {
    await expect(new QemuExecutor({ kernel: import.meta.filename, arch: 'x86_64' }).start()).rejects.toThrow(
      /expected a kernel image for x86_64 .*got a file that is no kernel image/,
    );
  });
});
