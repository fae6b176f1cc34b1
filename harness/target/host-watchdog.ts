// SPDX-License-Identifier: GPL-2.0-only
/** Interrupts a system call of this thread: SIGALRM at a limit, again and again until it returns. */
import type { Arch } from '../uapi/arch.js';
import { HostError, type HostMemory } from './host-memory.js';
import type { Libc } from './libc.js';

/** System calls by architecture that no program needs. */
const NUMBERS: Record<Arch, { gettid: number; timerCreate: number; timerSettime: number }> = {
  x86_64: { gettid: 186, timerCreate: 222, timerSettime: 223 },
  aarch64: { gettid: 178, timerCreate: 107, timerSettime: 110 },
};
const SIGALRM = 14;
const CLOCK_MONOTONIC = 1n;
const SIGEV_THREAD_ID = 4;
/** struct sigaction of glibc and musl: handler, 128 bytes of mask, then sa_flags. */
const SA_FLAGS_OFFSET = 136;
const SA_RESTART = 0x10000000;
/** Milliseconds between two shots: the first may hit just before the call sleeps. */
const AGAIN_MS = 10;

export class HostWatchdog {
  readonly #libc: Libc;
  readonly #memory: HostMemory;
  readonly #settime: number;
  readonly #timer: bigint;

  constructor(libc: Libc, memory: HostMemory, arch: Arch) {
    this.#libc = libc;
    this.#memory = memory;
    this.#settime = NUMBERS[arch].timerSettime;
    this.#catchAlarms();
    this.#timer = this.#createTimer(NUMBERS[arch]);
  }

  /** Fire after `ms` milliseconds and every 10 ms from then on; 0 stops it. */
  arm(ms: number): void {
    const { address, bytes } = this.#memory.scratch(32);
    const words = ms === 0 ? [0, 0, 0, 0] : [0, AGAIN_MS * 1e6, Math.floor(ms / 1000), (ms % 1000) * 1e6];
    for (const [i, word] of words.entries()) bytes.writeBigInt64LE(BigInt(word), i * 8);
    this.#libc.syscall(this.#settime, this.#timer, 0n, address, 0n);
  }

  /**
   * Node's own handler keeps SIGALRM from killing the process, but asks for SA_RESTART, with which a read from
   * an empty pipe would never return.
   */
  #catchAlarms(): void {
    process.on('SIGALRM', () => undefined);
    const { address, bytes } = this.#memory.scratch(256);
    const failed = this.#libc.sigaction(SIGALRM, 0n, address) !== 0n;
    bytes.writeInt32LE(bytes.readInt32LE(SA_FLAGS_OFFSET) & ~SA_RESTART, SA_FLAGS_OFFSET);
    if (failed || this.#libc.sigaction(SIGALRM, address, 0n) !== 0n) {
      throw new HostError('Expected sigaction to accept a handler for SIGALRM, got an error');
    }
  }

  #createTimer({ gettid, timerCreate }: { gettid: number; timerCreate: number }): bigint {
    const { address, bytes } = this.#memory.scratch(128);
    bytes.fill(0, 0, 128);
    // struct sigevent: value, signal, notify, thread id; the id of the timer goes behind it.
    bytes.writeInt32LE(SIGALRM, 8);
    bytes.writeInt32LE(SIGEV_THREAD_ID, 12);
    bytes.writeInt32LE(Number(this.#libc.syscall(gettid).ret), 16);
    const { errno } = this.#libc.syscall(timerCreate, CLOCK_MONOTONIC, address, address + 64n);
    if (errno !== 0) throw new HostError(`Expected a timer, got errno ${errno} from timer_create`);
    return BigInt(bytes.readInt32LE(64));
  }
}
