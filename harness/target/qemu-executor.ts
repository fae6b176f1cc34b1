// SPDX-License-Identifier: GPL-2.0-only
/** The agent as init of a kernel that QEMU boots: any kernel, and one that may die. */
import { setTimeout } from 'node:timers/promises';
import { bringUp, exitWithin } from '../../kernels/boot/bring-up.js';
import type { LiveGuest } from '../../kernels/boot/bring-up.js';
import { consoleTail, findCrash, judgeConsole, judgeEnd } from '../../kernels/boot/crash.js';
import type { Guest } from '../../kernels/boot/guest.js';
import { planGuest } from '../../kernels/boot/plan.js';
import type { GuestOptions, GuestPlan } from '../../kernels/boot/plan.js';
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
/** Milliseconds in which a kernel prints what its last program led to, and the console gets here. */
const SETTLE_MS = 100;
const CONSOLE_LIMIT = 4 * 1024 * 1024;

export interface QemuOptions extends GuestOptions {
  /** Name for reports; default `qemu:PATH`. */
  name?: string;
  /** Milliseconds beyond the program's limit until the guest counts as hung; default 8000. */
  graceMs?: number;
}

/** Mark a crash that happened after the program before the one it is reported with. */
function late(crash: CrashReport): CrashReport {
  return { ...crash, title: `${crash.title} (began before this program started)` };
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
  #plan: Promise<GuestPlan> | undefined;
  #live: LiveGuest | undefined;
  #starting: Promise<LiveGuest> | undefined;
  #facts: Record<string, string> = {};
  /** Console of guests before the one that is shown. */
  #past = '';
  #shown: Guest | undefined;
  /** Position in the guest's console up to which it has been judged. */
  #judged = 0;
  #starts = 0;

  constructor(options: QemuOptions) {
    this.#options = options;
    this.name = options.name ?? `qemu:${options.kernel}`;
  }

  async start(): Promise<WireHello> {
    return (await this.#alive()).hello;
  }

  async run(program: WireProgram): Promise<Execution> {
    // What the kernel does after an answer is nobody's but the next program's to report.
    const died = this.#live?.channel.failure;
    if (died) return { crash: late(await this.#bury(died, this.#judged, 'between programs')) };
    const { guest } = await this.#alive();
    const mark = this.#judged;
    const early = findCrash(guest.console.since(mark));
    const execution = await this.#attempt(program, mark);
    this.#judged = guest.console.position();
    if (execution.crash && early) execution.crash = late(execution.crash);
    return execution;
  }

  async #attempt(program: WireProgram, mark: number): Promise<Execution> {
    const { guest, channel } = await this.#alive();
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
      return { crash: await this.#bury(error, mark, `no answer within ${deadlineMs} ms`) };
    }
  }

  /** Judge what the kernel did after its last answer, which no further program would report. */
  async settle(): Promise<CrashReport | undefined> {
    const live = this.#live;
    if (!live) return undefined;
    await setTimeout(SETTLE_MS);
    const died = live.channel.failure;
    if (died) return this.#bury(died, this.#judged, 'after the last program');
    const crash = judgeConsole(live.guest.console.since(this.#judged));
    this.#judged = live.guest.console.position();
    if (crash && crash.kind !== 'splat') await this.#drop(); // as after an answer
    return crash;
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
    this.#plan ??= planGuest(this.#options);
    const { spec, snapshot, bootTimeoutMs, facts } = await this.#plan;
    const live = await bringUp(spec, bootTimeoutMs, snapshot, (guest) => {
      this.#past = this.console().slice(-CONSOLE_LIMIT);
      this.#shown = guest;
    });
    this.#live = live;
    this.#judged = live.guest.console.position();
    this.#starts += 1;
    const bootSplat = this.#facts.bootSplat ?? live.bootSplat;
    if (bootSplat !== undefined && this.#facts.bootSplat === undefined)
      process.stderr.write(`note: ${this.name}: while it booted, the kernel reported: ${bootSplat}\n`);
    this.#facts = {
      ...facts,
      // The first start is the one a run waits for; later ones follow crashes.
      start: this.#facts.start ?? live.how,
      startMs: this.#facts.startMs ?? String(live.startMs),
      ...(live.record ? { snapshot: live.record.reason } : {}),
      ...(bootSplat === undefined ? {} : { bootSplat }),
      restarts: String(this.#starts - 1),
    };
    return live;
  }

  /** Find out how a guest ended, and end what is left of it. */
  async #bury(error: ChannelError, mark: number, silence: string): Promise<CrashReport> {
    const live = this.#live;
    if (!live)
      throw new TargetError('the guest was closed while it ran a program', 'program', { cause: error });
    const { guest } = live;
    try {
      if (error.kind === 'deadline') return await examineSilence(guest, mark, silence);
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
