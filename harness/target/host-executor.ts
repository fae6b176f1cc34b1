// SPDX-License-Identifier: GPL-2.0-only
/** The running kernel through ffi-rs in a worker process: needs no compiler, has neither fork nor signals. */
import type { WireHello, WireProgram } from '../lower/wire.js';
import { ChildChannel } from './child-channel.js';
import type { Execution, Executor } from './executor.js';
import { ProgressFile } from './progress-file.js';
import { Respawner } from './respawner.js';
import { workerPath } from './worker-path.js';

/** Milliseconds Node may take to start on a loaded machine. */
const HELLO_MS = 15_000;
/** Milliseconds beyond the program's limit for the way there and back. */
const GRACE_MS = 500;
/** The descriptor under which a child finds the progress file. */
const PROGRESS_FD = 3;

/** Executes programs in a worker that is started on demand, and again after a program killed or hung it. */
export class HostExecutor implements Executor {
  readonly name = 'host';
  readonly #process = new Respawner(() => this.#spawn(), HELLO_MS);
  #progress: ProgressFile | undefined;

  start(): Promise<WireHello> {
    return this.#process.start();
  }

  /** @throws TargetError with scope `program` when the worker dies, is killed at the limit, or refuses. */
  async run(program: WireProgram): Promise<Execution> {
    return { reply: await this.#process.run(program, program.timeoutMs + GRACE_MS) };
  }

  facts(): Record<string, string> {
    return { node: process.version };
  }

  console(): string {
    return '';
  }

  async close(): Promise<void> {
    await this.#process.close();
    this.#progress?.close();
    this.#progress = undefined;
  }

  async #spawn(): Promise<ChildChannel> {
    const path = await workerPath();
    this.#progress?.close();
    const progress = new ProgressFile();
    this.#progress = progress;
    return new ChildChannel('host worker', process.execPath, [path, String(PROGRESS_FD)], {
      extraFd: progress.fd,
      lastWords: () => (progress.op === undefined ? undefined : `op ${progress.op} was executing`),
    });
  }
}
