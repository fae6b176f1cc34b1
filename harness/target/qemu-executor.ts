// SPDX-License-Identifier: GPL-2.0-only
/** The agent as init of a kernel that QEMU boots: any kernel, and one that may die. */
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { chooseAccelerator } from '../../kernels/boot/accelerator.js';
import type { Accelerator } from '../../kernels/boot/accelerator.js';
import { bringUp, exitWithin } from '../../kernels/boot/bring-up.js';
import type { LiveGuest } from '../../kernels/boot/bring-up.js';
import { consoleTail, judgeConsole, judgeEnd } from '../../kernels/boot/crash.js';
import type { Guest } from '../../kernels/boot/guest.js';
import { checkImage } from '../../kernels/boot/image.js';
import { initramfs } from '../../kernels/boot/initramfs.js';
import { qemuBinary } from '../../kernels/boot/qemu-command.js';
import type { GuestSpec } from '../../kernels/boot/qemu-command.js';
import { snapshotDirectory } from '../../kernels/boot/snapshot.js';
import { buildAgent } from '../../kernels/build/agent.js';
import { cacheDir } from '../../kernels/build/cache.js';
import { hostArch, loadMachine } from '../../kernels/build/machine.js';
import type { GuestArch } from '../../kernels/build/machine.js';
import type { WireHello, WireProgram } from '../lower/wire.js';
import { ChannelError } from './channel.js';
import { type CrashReport, type Execution, type Executor, TargetError } from './executor.js';

/**
 * Milliseconds beyond a program's own limit until the guest counts as hung: the agent itself waits up to
 * 4 s for what it has killed, and an emulated CPU on a busy machine needs the rest.
 */
const GRACE_MS = 8_000;
/** QEMU's exit follows the end of its sockets. */
const EXIT_MS = 2_000;
const CONSOLE_LIMIT = 4 * 1024 * 1024;

export interface QemuOptions {
  /** Path of the kernel image. */
  kernel: string;
  /** Default: this machine's. */
  arch?: GuestArch;
  /** Name for reports; default `qemu:PATH`. */
  name?: string;
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
  /** A ready-made agent; default: build it. */
  agent?: string;
  /** Milliseconds beyond the program's limit until the guest counts as hung; default 8000. */
  graceMs?: number;
}

/** All that has to be found out once before the guest can be started. */
interface Plan {
  spec: GuestSpec;
  snapshot: string | undefined;
  bootTimeoutMs: number;
  facts: Record<string, string>;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Store the initramfs under its hash, so that a guest's command line repeats. */
async function storeInitramfs(agent: Uint8Array): Promise<{ path: string; hash: string }> {
  const bytes = initramfs(agent);
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

async function plan(options: QemuOptions): Promise<Plan> {
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
  const image = await storeInitramfs(agent);
  const spec: GuestSpec = {
    machine,
    accelerator,
    kernel,
    initramfs: image.path,
    cpus: options.cpus ?? machine.boot.cpus,
    memoryMb: options.memoryMb ?? machine.boot.memoryMb,
    cmdline: options.cmdline ?? [],
    sandbox: qemu.sandbox,
  };
  // Under KVM a boot takes as long as a restore, and the stream would depend on the host's CPU.
  const snapshots = (options.snapshot ?? true) && accelerator === 'tcg';
  const hashes = { kernel: kernelHash, initramfs: image.hash, qemu: qemu.version };
  return {
    spec,
    snapshot: snapshots ? snapshotDirectory(spec, hashes) : undefined,
    bootTimeoutMs: options.bootTimeoutMs ?? machine.boot.timeoutMs,
    facts: {
      kernelImage: kernel,
      kernelSha256: kernelHash,
      agentSha256: sha256(agent),
      arch,
      accelerator: `${accelerator} (${reason})`,
      qemu: qemu.version,
      cpus: String(spec.cpus),
      memoryMb: String(spec.memoryMb),
      sandbox: qemu.sandbox ? 'on' : 'unsupported',
    },
  };
}

/**
 * Judge a guest that stopped answering. Where the machine has an NMI, it makes the kernel panic and print
 * what its CPU was doing (unknown_nmi_panic on the command line); elsewhere QEMU refuses, and the console
 * is all there is.
 */
async function examineSilence(guest: Guest, mark: number, detail: string): Promise<CrashReport> {
  const crash = judgeEnd('silent', guest.console.since(mark), detail);
  if (crash.kind !== 'hang') return crash;
  const before = guest.console.position();
  const sent = await guest.qmp.execute('inject-nmi').then(
    () => true,
    () => false,
  );
  if (!sent) return crash;
  await exitWithin(guest, EXIT_MS);
  const trace = guest.console.since(before);
  if (trace.trim() === '') return crash;
  return { ...crash, excerpt: [...crash.excerpt, 'after an NMI from the harness:', ...consoleTail(trace)] };
}

/** Executes programs in a guest that is started on demand, and again after it died. */
export class QemuExecutor implements Executor {
  readonly name: string;
  readonly #options: QemuOptions;
  #plan: Promise<Plan> | undefined;
  #live: LiveGuest | undefined;
  #starting: Promise<LiveGuest> | undefined;
  #facts: Record<string, string> = {};
  /** Console of guests before the one that is shown. */
  #past = '';
  #shown: Guest | undefined;
  #starts = 0;

  constructor(options: QemuOptions) {
    this.#options = options;
    this.name = options.name ?? `qemu:${options.kernel}`;
  }

  async start(): Promise<WireHello> {
    return (await this.#alive()).hello;
  }

  async run(program: WireProgram): Promise<Execution> {
    const { guest, channel } = await this.#alive();
    const mark = guest.console.position();
    const deadlineMs = program.timeoutMs + (this.#options.graceMs ?? GRACE_MS);
    try {
      const reply = await channel.run(program, deadlineMs);
      const crash = judgeConsole(guest.console.since(mark));
      if (crash && crash.kind !== 'splat') await this.#drop(); // an oops leaves locks held
      return crash ? { reply, crash } : { reply };
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      if (error.kind === 'refused') {
        throw new TargetError(`the agent refused the program: ${error.message}`, 'program', { cause: error });
      }
      return { crash: await this.#bury(error, mark, deadlineMs) };
    }
  }

  facts(): Record<string, string> {
    return { ...this.#facts };
  }

  console(): string {
    return this.#past + (this.#shown?.console.all() ?? '');
  }

  /** Process id of the guest's QEMU while there is one. */
  get pid(): number | undefined {
    return this.#live?.guest.pid;
  }

  async close(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#drop();
  }

  async #alive(): Promise<LiveGuest> {
    if (this.#live && this.#live.channel.failure === undefined) return this.#live;
    await this.#drop();
    this.#starting ??= this.#bring().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #bring(): Promise<LiveGuest> {
    this.#plan ??= plan(this.#options);
    const { spec, snapshot, bootTimeoutMs, facts } = await this.#plan;
    const live = await bringUp(spec, bootTimeoutMs, snapshot, (guest) => {
      this.#past = this.console().slice(-CONSOLE_LIMIT);
      this.#shown = guest;
    });
    this.#live = live;
    this.#starts += 1;
    this.#facts = {
      ...facts,
      // The first start is the one a run waits for; later ones follow crashes.
      start: this.#facts.start ?? live.how,
      startMs: this.#facts.startMs ?? String(live.startMs),
      ...(live.record ? { snapshot: live.record.reason } : {}),
      restarts: String(this.#starts - 1),
    };
    return live;
  }

  /** Find out how a guest ended, and end what is left of it. */
  async #bury(error: ChannelError, mark: number, deadlineMs: number): Promise<CrashReport> {
    const live = this.#live;
    if (!live)
      throw new TargetError('the guest was closed while it ran a program', 'program', { cause: error });
    const { guest } = live;
    try {
      if (error.kind === 'deadline')
        return await examineSilence(guest, mark, `no answer within ${deadlineMs} ms`);
      const exit = await exitWithin(guest, EXIT_MS);
      const how = [`QEMU: ${exit ?? 'running'}`, guest.complaints()].join(' ').trim();
      const crash = judgeEnd('gone', guest.console.since(mark), how);
      // Nonsense from a guest that lives and a clean console are a defect of ours, not of its kernel.
      if (error.kind === 'damaged' && exit === undefined && crash.kind === 'lost') {
        throw new TargetError(`the agent's answer was damaged: ${error.message}`, 'program', {
          cause: error,
        });
      }
      return crash;
    } finally {
      await this.#drop();
    }
  }

  async #drop(): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    await live?.guest.end();
  }
}
