// SPDX-License-Identifier: GPL-2.0-only
import { TargetError } from '../harness/target/executor.js';
import { consoleTail } from '../kernels/boot/crash.js';
import { startGuest } from '../kernels/boot/guest.js';
import type { Guest } from '../kernels/boot/guest.js';
import type { BenchContext } from './benchmark.js';
import { guestSpec } from './guest-spec.js';

/** The loops that bench/c/guest-loop.c knows. */
export type LoopName = 'memory' | 'vcpu' | 'forked-memory' | 'forked-vcpu';

const LIMIT_MS = 60_000;
const NEWLINE = 10;

/** A guest whose init is bench/c/guest-loop.c: times loops on demand. */
export class LoopGuest {
  readonly #guest: Guest;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  private constructor(guest: Guest) {
    this.#guest = guest;
    guest.port.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    guest.port.on('close', () => this.#wake());
  }

  /** Boot it and wait until it answers. @throws TargetError with the end of the console when it does not */
  static async start(cx: BenchContext): Promise<LoopGuest> {
    const loop = new LoopGuest(await startGuest(await guestSpec('guest-loop', cx)));
    try {
      await loop.echo(1, 1);
    } catch (error) {
      await loop.end();
      throw error;
    }
    return loop;
  }

  /** Run a loop. @returns milliseconds by this machine's clock, request and answer included */
  run(name: LoopName, count: number): Promise<number> {
    return this.#ask(Buffer.from(`${name} ${count} 0\n`), 0);
  }

  /** Send bytes and get others back. @returns milliseconds of the round trip */
  echo(up: number, down: number): Promise<number> {
    return this.#ask(Buffer.concat([Buffer.from(`echo ${up} ${down}\n`), Buffer.alloc(up)]), down);
  }

  async end(): Promise<void> {
    await this.#guest.end();
  }

  /** @param bytes how many come before the line that ends the answer. */
  async #ask(request: Buffer, bytes: number): Promise<number> {
    const began = performance.now();
    this.#guest.port.write(request);
    while (this.#received.indexOf(NEWLINE, bytes) < 0) {
      if (!(await this.#more(began + LIMIT_MS - performance.now()))) throw this.#silence();
    }
    this.#received = Buffer.alloc(0);
    return performance.now() - began;
  }

  /** Wait for more bytes. @returns false when none came in time or none will come */
  async #more(ms: number): Promise<boolean> {
    const before = this.#received.length;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, Math.max(0, ms));
      if (this.#guest.port.destroyed) resolve();
    });
    clearTimeout(timer);
    return this.#received.length > before;
  }

  #silence(): TargetError {
    const tail = consoleTail(this.#guest.console.all(), 10).map((line) => `  | ${line}`);
    return new TargetError(['the guest of the C loops did not answer:', ...tail].join('\n'));
  }
}
