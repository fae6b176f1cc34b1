// SPDX-License-Identifier: GPL-2.0-only
/**
 * The wire program: what a target executes. It knows system calls and memory and nothing of KVM
 * (kernels/agent/PROTOCOL.md is the description for readers of the C side).
 *
 * A wire program is a flat list of ops over one *blob*, a scratch area that the executor maps at an
 * address of its own choosing. Arguments refer to the blob, to earlier results, or to words in the blob,
 * so that a file descriptor or an address produced by one op reaches the next without a round trip.
 */

/** Where an argument's 64-bit value comes from; `add` is added modulo 2^64. */
export type WireArg =
  | { kind: 'imm'; add: bigint }
  /** The return value of op `ref` of the same program. */
  | { kind: 'ret'; ref: number; add: bigint }
  /** The address of the blob. */
  | { kind: 'blob'; add: bigint }
  /** The little-endian u32 (zero-extended) at byte offset `ref` of the blob, at the time of execution. */
  | { kind: 'mem32'; ref: number; add: bigint }
  /** The little-endian u64 at byte offset `ref` of the blob, at the time of execution. */
  | { kind: 'mem64'; ref: number; add: bigint };

/** A load or store width in bytes. */
export type WireWidth = 1 | 2 | 4 | 8;

export type WireOp =
  | {
      code: 'syscall';
      nr: number;
      args: WireArg[];
      /** Milliseconds after which SIGALRM (no SA_RESTART) interrupts the call, repeatedly; 0 = never. */
      timeoutMs: number;
      /** The result, when >= 0, is a file descriptor: close it when the program ends. */
      resultIsFd: boolean;
      /** The result, when no error, is a mapping of args[1] bytes: unmap it when the program ends. */
      resultIsMapping: boolean;
      /** Execute even when a referenced op failed (its value is then whatever it returned). */
      evenIfBroken: boolean;
      /** As a 32-bit program makes it, with a number of the 32-bit table: for executors with feature `compat`. */
      compat?: true;
    }
  /** Write the low `width` bytes of `value` into the blob at byte offset `offset`. */
  | { code: 'patch'; offset: number; width: WireWidth; value: WireArg }
  /** Load `width` bytes at `addr`; the value is the op's result, zero-extended. May fault. */
  | { code: 'load'; addr: WireArg; width: WireWidth }
  /** Store the low `width` bytes of `value` at `addr`. May fault. */
  | { code: 'store'; addr: WireArg; width: WireWidth; value: WireArg }
  /** Copy `length` bytes at `addr` into the op's data. May fault. */
  | { code: 'peek'; addr: WireArg; length: number }
  /** Copy `length` bytes from blob offset `offset` to `addr`. May fault. */
  | { code: 'poke'; addr: WireArg; offset: number; length: number }
  /** Run the next `count` ops in a forked child, wait for it, go on after them. */
  | { code: 'fork'; count: number }
  /**
   * Run the threads that the next `count` ops consist of at the same time, in this process, and go on when all are
   * done. Its data: for each of the `count` ops, as u32, the moments before and after it (`spanOf`).
   */
  | { code: 'parallel'; count: number }
  /** One thread of a parallel: the next `count` ops, begun after `skew` turns of an empty loop. */
  | { code: 'thread'; count: number; skew: number };

export interface WireProgram {
  /** Whole-program limit in milliseconds; the executor kills what runs longer. */
  timeoutMs: number;
  blob: Uint8Array;
  ops: WireOp[];
}

export type WireStatus =
  /** Not reached. */
  | 'not-run'
  /** Executed to its end (a system call that returned an error is `done`). */
  | 'done'
  /** Stopped by a fault: `signal`, `code`, `faultAddress`. */
  | 'fault'
  /** Not executed because an op it refers to failed or did not run. */
  | 'dependency'
  /** Was executing when the program was killed. */
  | 'in-flight';

export interface WireResult {
  status: WireStatus;
  /** Return value, sign-extended as the kernel gave it: -1 on error (then `errno` is set). */
  ret: bigint;
  /** Positive errno, 0 when none. */
  errno: number;
  /** Signal number of a fault (7 SIGBUS, 11 SIGSEGV); 0 when the executor saw only a refusal (EFAULT). */
  signal: number;
  /** si_code of the fault. */
  code: number;
  /** si_addr of the fault; 0 when unknown. */
  faultAddress: bigint;
  /** The SIGALRM watchdog fired during the op. */
  timedOut: boolean;
  /** Monotonic nanoseconds spent in the op. */
  durationNs: bigint;
  /** Bytes of a `peek`, moments of a `parallel`; empty otherwise. */
  data: Uint8Array;
}

/** The result of an op that never ran; −1, so that closing what it should have opened closes nothing. */
export function notRun(): WireResult {
  return {
    status: 'not-run',
    ret: -1n,
    errno: 0,
    signal: 0,
    code: 0,
    faultAddress: 0n,
    timedOut: false,
    durationNs: 0n,
    data: new Uint8Array(0),
  };
}

/** Threads of one parallel. */
export const MAX_THREADS = 4;
/** What a parallel leaves in its data for each of its ops. */
export const SPAN_BYTES = 8;

/**
 * When an op of a parallel ran, by the count that all its threads advance: one op ended before another began exactly
 * when the end of the one is below the start of the other.
 * @param index of the op among the ops of the parallel
 * @returns undefined when it did not run
 */
export function spanOf({ data }: WireResult, index: number): { start: bigint; end: bigint } | undefined {
  if (data.length < (index + 1) * SPAN_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset + index * SPAN_BYTES, SPAN_BYTES);
  const [start, end] = [view.getUint32(0, true), view.getUint32(4, true)];
  return start === 0 ? undefined : { start: BigInt(start), end: BigInt(end) };
}

/** How the program as a whole ended. */
export type WireEnd =
  | 'complete'
  /** Killed at `timeoutMs`. */
  | 'timeout'
  /** Killed at `timeoutMs`, and still not reaped two seconds later: stuck in the kernel. */
  | 'stuck'
  /** The executing process died of a signal that no op accounts for. */
  | 'died';

export interface WireReply {
  end: WireEnd;
  /** Signal that killed the process when `end` is `died`. */
  signal: number;
  /** Address at which the executor had mapped the blob. */
  blobAddress: bigint;
  /** One result per op, same order. */
  results: WireResult[];
}

/** What an executor says of itself before the first program. */
export interface WireHello {
  protocol: number;
  /** Machine name as uname gives it: `x86_64`, `aarch64`. */
  machine: string;
  /** Kernel release as uname gives it. */
  release: string;
  /** Page size in bytes. */
  pageSize: number;
  /** Executor name and version, e.g. `agent 1`. */
  executor: string;
  /**
   * `fork`: fork op and process isolation; `signals`: real SIGBUS/SIGSEGV with code and address; `compat`: 32-bit
   * system calls; `threads`: the parallel op.
   */
  features: ('fork' | 'signals' | 'compat' | 'threads')[];
}

/** Version of frames and of this encoding; both sides refuse any other. */
export const WIRE_PROTOCOL = 1;
