// SPDX-License-Identifier: GPL-2.0-only
/** Keeps one executor process alive: started on demand, and anew after it died or had to be killed. */
import type { WireHello, WireProgram, WireReply } from '../lower/wire.js';
import type { ChildChannel } from './child-channel.js';
import { TargetError } from './executor.js';

export class Respawner {
  readonly #spawn: () => Promise<ChildChannel>;
  readonly #helloMs: number;
  #child: ChildChannel | undefined;
  #hello: Promise<WireHello> | undefined;

  /**
   * @param spawn starts the process.
   * @param helloMs milliseconds it may take until it answers.
   */
  constructor(spawn: () => Promise<ChildChannel>, helloMs: number) {
    this.#spawn = spawn;
    this.#helloMs = helloMs;
  }

  /** The greeting of the process that is alive. @throws TargetError (fatal) when none can be started. */
  start(): Promise<WireHello> {
    const dead = this.#child?.failure ? this.#child : undefined;
    if (dead) {
      this.#child = undefined;
      this.#hello = undefined;
    }
    this.#hello ??= this.#begin(dead).catch((error: unknown) => {
      this.#hello = undefined;
      throw error;
    });
    return this.#hello;
  }

  /** @throws TargetError (program) when the process dies or refuses, (fatal) when none can be started. */
  async run(program: WireProgram, deadlineMs: number): Promise<WireReply> {
    await this.start();
    if (!this.#child) throw new TargetError('The executor was closed while it started', 'program');
    return this.#child.run(program, deadlineMs);
  }

  /** Kill the process; the next question starts another. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#hello = undefined;
    await child?.kill();
  }

  async #begin(dead: ChildChannel | undefined): Promise<WireHello> {
    await dead?.kill();
    this.#child = await this.#spawn();
    return this.#child.hello(this.#helloMs);
  }
}
