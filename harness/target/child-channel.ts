// SPDX-License-Identifier: GPL-2.0-only
/** A child process that speaks frames over stdin and stdout, and what its death says. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { WireHello, WireProgram, WireReply } from '../lower/wire.js';
import { killGroup, reapWithUs } from '../../kernels/boot/reaper.js';
import { Channel, ChannelError } from './channel.js';
import { TargetError } from './executor.js';

/** Of what a child writes to stderr, this many characters are kept for the error message. */
const STDERR_TAIL = 2_000;
/** Milliseconds to end by itself after the output has ended. */
const SETTLE_MS = 1_000;
/** Milliseconds a killed process may take: one that hangs in the kernel never ends. */
const EXIT_MS = 2_000;
/** Milliseconds for the rest of stderr, which a child of the process may hold open for ever. */
const DRAIN_MS = 200;

export interface ChildOptions {
  /** Environment variables added to this process's own. */
  env?: Record<string, string> | undefined;
  /** An open descriptor that the child gets as number 3. */
  extraFd?: number | undefined;
  /** More for the message of a death, asked for after it, e.g. the op that was executing. */
  lastWords?: (() => string | undefined) | undefined;
}

/** An executor process. It is of no more use after any TargetError but a refused program. */
export class ChildChannel {
  readonly #process: ChildProcess;
  readonly #channel: Channel;
  readonly #exited: Promise<void>;
  readonly #closed: Promise<void>;
  readonly #name: string;
  readonly #lastWords: (() => string | undefined) | undefined;
  #stderr = '';
  #death: string | undefined;

  /** Start `command`; a command that cannot be started shows as a death in the first question. */
  constructor(name: string, command: string, args: string[], options: ChildOptions = {}) {
    this.#name = name;
    this.#lastWords = options.lastWords;
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe', ...(options.extraFd === undefined ? [] : [options.extraFd])],
      env: { ...process.env, ...options.env },
      detached: true, // Ctrl-C at a terminal is for the harness, which finishes the point that runs here
    });
    this.#process = child;
    const release = reapWithUs(child);
    this.#exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#death ??= `could not be started: ${error.message}`;
        release();
        resolve();
      });
      child.on('exit', (code, signal) => {
        this.#death ??= signal === null ? `exited with code ${code ?? 'unknown'}` : `was killed by ${signal}`;
        release();
        resolve();
      });
    });
    this.#closed = new Promise((resolve) => {
      child.on('error', () => resolve()).on('close', () => resolve());
    });
    const { stdin, stdout, stderr } = streams(child);
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    this.#channel = new Channel(stdout, stdin);
  }

  /** The process is gone or talks nonsense: start another. */
  get failure(): boolean {
    return this.#death !== undefined || this.#channel.failure !== undefined;
  }

  /** @throws TargetError (fatal): an executor that cannot say hello runs nothing. */
  async hello(timeoutMs: number): Promise<WireHello> {
    try {
      return await this.#channel.hello(timeoutMs);
    } catch (error) {
      throw await this.#explain(error, 'fatal', 'while it started');
    }
  }

  /** @throws TargetError (program) after which, unless the program was refused, the process is dead. */
  async run(program: WireProgram, deadlineMs: number): Promise<WireReply> {
    try {
      return await this.#channel.run(program, deadlineMs);
    } catch (error) {
      throw await this.#explain(error, 'program', 'while it ran a program');
    }
  }

  /** Kill the process and what is left of its group; wait until it is gone, but not for ever. */
  async kill(): Promise<void> {
    // An id that has been waited for may be somebody else's by now.
    if (this.#process.exitCode === null && this.#process.signalCode === null) killGroup(this.#process);
    if (await within(EXIT_MS, this.#exited)) await within(DRAIN_MS, this.#closed);
    this.#death ??= `did not end within ${EXIT_MS} ms of SIGKILL`;
    const { stdin, stdout, stderr } = streams(this.#process);
    for (const stream of [stdin, stdout, stderr]) stream.destroy();
    this.#process.unref();
  }

  async #explain(error: unknown, scope: TargetError['scope'], when: string): Promise<unknown> {
    if (!(error instanceof ChannelError)) return error;
    if (error.kind === 'refused') {
      return new TargetError(`The ${this.#name} refused the program: ${error.message}`, scope, {
        cause: error,
      });
    }
    // A closed pipe is seen before the exit status; what talks nonsense or not at all has to be ended.
    if (error.kind === 'eof') await this.#settle();
    else await this.kill();
    const what =
      error.kind === 'eof'
        ? (this.#death ?? 'closed its channel')
        : `failed (${error.kind}: ${error.message})`;
    const lastWords = this.#lastWords?.();
    const parts = [`The ${this.#name} ${what} ${when}`, lastWords, this.#stderr.trim()];
    return new TargetError(parts.filter((part) => part).join('; '), scope, { cause: error });
  }

  /** Wait for the end of a process whose output has ended; one that lives on without it is killed. */
  async #settle(): Promise<void> {
    await within(SETTLE_MS, this.#exited);
    await this.kill();
  }
}

/** @returns whether `event` came within `ms` milliseconds. */
async function within(ms: number, event: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const came = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return came;
}

function streams(child: ChildProcess): { stdin: Writable; stdout: Readable; stderr: Readable } {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new TargetError('A child process was started without its pipes');
  return { stdin, stdout, stderr };
}
