// SPDX-License-Identifier: GPL-2.0-only
import { syscallNumber } from '../uapi/arch.js';
import type { Arch, SyscallName } from '../uapi/arch.js';
import type { WireArg, WireOp, WireWidth } from './wire.js';

/** An argument and how strace would have shown it; texts name objects, so they are the same in every run. */
export interface Arg {
  arg: WireArg;
  text: string;
}

/** What the report says about an op: the call without its result, and the name of a result that is an object. */
export interface CallText {
  call: string;
  result?: string;
  /** Left out of reports: set-up of arguments, not part of what the step is about. */
  quiet?: true;
}

export interface CallOptions {
  fd?: boolean;
  mapping?: boolean;
  timeoutMs?: number;
  evenIfBroken?: boolean;
  /** Name that the report gives to a successful result. */
  result?: string;
  quiet?: boolean;
}

/** An immediate value. */
export const imm = (value: bigint | number, text?: string): Arg => {
  const v = BigInt(value);
  return { arg: { kind: 'imm', add: BigInt.asUintN(64, v) }, text: text ?? show(v) };
};
/** The result of an earlier op. */
export const ret = (op: number, text: string, add = 0n): Arg => ({
  arg: { kind: 'ret', ref: op, add },
  text,
});
/** An address in the blob. */
export const blob = (offset: number, text: string): Arg => ({
  arg: { kind: 'blob', add: BigInt(offset) },
  text,
});
/** A u32 that an earlier op left in the blob. */
export const mem32 = (offset: number, text: string): Arg => ({
  arg: { kind: 'mem32', ref: offset, add: 0n },
  text,
});
/** The same argument, `add` bytes further. */
export const plus = (a: Arg, add: bigint): Arg =>
  add === 0n
    ? a
    : { arg: { ...a.arg, add: BigInt.asUintN(64, a.arg.add + add) }, text: `${a.text}+${show(add)}` };

/** Small numbers in decimal, the rest in hex, negative ones as written. */
export function show(v: bigint): string {
  if (v < 0n) return `-${show(-v)}`;
  return v < 1024n ? v.toString() : `0x${v.toString(16)}`;
}

/** Collects ops and blob bytes of one wire program. */
export class Builder {
  readonly ops: WireOp[] = [];
  readonly texts: (CallText | undefined)[] = [];
  private bytes = new Uint8Array(1024);
  private used = 0;

  constructor(
    readonly arch: Arch,
    /** Bytes. */
    readonly pageSize: number,
  ) {}

  /** Reserve zeroed blob bytes; returns their offset. */
  alloc(length: number, align = 8): number {
    const offset = Math.ceil(this.used / align) * align;
    this.used = offset + length;
    if (this.used > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.used, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
    }
    return offset;
  }

  /** Place bytes in the blob; returns their offset. */
  data(bytes: Uint8Array, align = 8): number {
    const offset = this.alloc(bytes.length, align);
    this.fill(offset, bytes);
    return offset;
  }

  /** Set blob bytes that are already reserved. */
  fill(offset: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, offset);
  }

  /** Place a NUL-terminated path in the blob. */
  path(text: string): Arg {
    return blob(this.data(new TextEncoder().encode(`${text}\0`)), `"${text}"`);
  }

  blob(): Uint8Array {
    return this.bytes.slice(0, this.used);
  }

  /** A system call; returns the index of its op. */
  syscall(name: SyscallName, args: readonly Arg[], options: CallOptions = {}): number {
    return this.push(
      {
        code: 'syscall',
        nr: syscallNumber(name, this.arch),
        args: args.map((a) => a.arg),
        timeoutMs: options.timeoutMs ?? 0,
        resultIsFd: options.fd ?? false,
        resultIsMapping: options.mapping ?? false,
        evenIfBroken: options.evenIfBroken ?? false,
      },
      {
        call: `${name}(${args.map((a) => a.text).join(', ')})`,
        ...(options.result === undefined ? {} : { result: options.result }),
        ...(options.quiet ? { quiet: true } : {}),
      },
    );
  }

  /** A system call as a 32-bit program makes it, by its number there; for x86_64 alone. */
  compatCall(nr: number, call: string, args: readonly Arg[]): number {
    const flags = { timeoutMs: 0, resultIsFd: false, resultIsMapping: false, evenIfBroken: false };
    const op: WireOp = { code: 'syscall', nr, args: args.map((a) => a.arg), ...flags, compat: true };
    return this.push(op, { call: `${call}(${args.map((a) => a.text).join(', ')})` });
  }

  /** A call that fails for certain: what cannot be set up here is trouble of the harness, not an answer. */
  impossible(why: string): number {
    const main = this.syscall('close', [imm(-1n)], { quiet: true });
    this.texts[main] = { call: why, quiet: true };
    return main;
  }

  /** Write a value known only at run time into the blob. */
  patch(offset: number, width: WireWidth, value: Arg): number {
    return this.push({ code: 'patch', offset, width, value: value.arg });
  }

  load(addr: Arg, width: WireWidth): number {
    return this.push({ code: 'load', addr: addr.arg, width }, { call: `load${8 * width}(${addr.text})` });
  }

  store(addr: Arg, width: WireWidth, value: Arg, quiet = false): number {
    return this.push(
      { code: 'store', addr: addr.arg, width, value: value.arg },
      { call: `store${8 * width}(${addr.text}, ${value.text})`, ...(quiet ? { quiet: true } : {}) },
    );
  }

  peek(addr: Arg, length: number): number {
    return this.push({ code: 'peek', addr: addr.arg, length });
  }

  poke(addr: Arg, offset: number, length: number): number {
    return this.push({ code: 'poke', addr: addr.arg, offset, length });
  }

  /** A forked child that runs what `body` adds. */
  fork(body: () => void): number {
    const op: WireOp = { code: 'fork', count: 0 };
    const index = this.push(op, { call: 'fork()' });
    body();
    op.count = this.ops.length - index - 1;
    return index;
  }

  /** Threads that run what the bodies add. @param skews turns of an empty loop before each begins */
  parallel(bodies: readonly (() => void)[], skews: readonly number[]): number {
    const block: WireOp = { code: 'parallel', count: 0 };
    const index = this.push(block, { call: 'parallel()' });
    bodies.forEach((body, i) => {
      const thread: WireOp = { code: 'thread', count: 0, skew: skews[i] ?? 0 };
      const at = this.push(thread, { call: `thread ${i + 1}` });
      body();
      thread.count = this.ops.length - at - 1;
    });
    block.count = this.ops.length - index - 1;
    return index;
  }

  private push(op: WireOp, text?: CallText): number {
    this.ops.push(op);
    this.texts.push(text);
    return this.ops.length - 1;
  }
}
