// SPDX-License-Identifier: GPL-2.0-only
/** Executes wire programs in this very process, by libc's syscall(): the op interpreter of the ffi-rs worker. */
import { notRun } from '../lower/wire.js';
import type { WireArg, WireOp, WireProgram, WireReply, WireResult } from '../lower/wire.js';
import { type Arch, syscallNumber } from '../uapi/arch.js';
import { HostMemory } from './host-memory.js';
import { HostWatchdog } from './host-watchdog.js';
import { Leftovers } from './leftovers.js';
import { Libc, type Region } from './libc.js';
import { argsOf } from './wire-check.js';

const EFAULT = 14;
const PRCTL: Record<Arch, number> = { x86_64: 157, aarch64: 167 };
const PR_SET_PDEATHSIG = 1n;
const SIGKILL = 9n;

type SyscallOp = Extract<WireOp, { code: 'syscall' }>;
type AccessOp = Extract<WireOp, { code: 'load' | 'store' | 'peek' | 'poke' }>;

interface Running {
  blob: Region;
  results: WireResult[];
  leftovers: Leftovers;
}

export class HostInterpreter {
  readonly #libc = new Libc();
  readonly #memory: HostMemory;
  readonly #watchdog: HostWatchdog;
  readonly #arch: Arch;
  readonly #numbers: Record<'close' | 'munmap' | 'mremap', number>;
  readonly #pageSize: number;

  /** @param pageSize bytes. */
  constructor(arch: Arch, pageSize: number) {
    this.#arch = arch;
    this.#numbers = {
      close: syscallNumber('close', arch),
      munmap: syscallNumber('munmap', arch),
      mremap: syscallNumber('mremap', arch),
    };
    this.#pageSize = pageSize;
    this.#memory = new HostMemory(this.#libc, arch);
    this.#watchdog = new HostWatchdog(this.#libc, this.#memory, arch);
  }

  /** Have this process killed when the one that started it ends: a call that hangs must not outlive both. */
  dieWithParent(): void {
    this.#libc.syscall(PRCTL[this.#arch], PR_SET_PDEATHSIG, SIGKILL);
  }

  /** A page that another process maps as well. */
  sharedPage(fd: number): Buffer {
    return this.#memory.mapShared(fd).bytes;
  }

  /**
   * Execute a program that `programProblem` finds nothing wrong with and that contains neither fork nor parallel.
   *
   * @param onOp called with the index of each op before it is executed.
   */
  run(program: WireProgram, onOp: (index: number) => void): WireReply {
    const running: Running = {
      blob: this.#memory.freshBlob(program.blob),
      results: program.ops.map(notRun),
      leftovers: new Leftovers(this.#pageSize),
    };
    try {
      for (const [index, op] of program.ops.entries()) {
        onOp(index);
        const result = running.results[index] ?? notRun();
        if (isBroken(op, running.results)) result.status = 'dependency';
        else this.#execute(running, op, result);
      }
    } finally {
      this.#cleanUp(running.leftovers);
    }
    return { end: 'complete', signal: 0, blobAddress: running.blob.address, results: running.results };
  }

  #execute(running: Running, op: WireOp, result: WireResult): void {
    const values = argsOf(op).map((arg) => valueOf(arg, running));
    const start = process.hrtime.bigint();
    result.status = 'done';
    if (op.code === 'syscall') this.#syscall(running, op, values, result);
    else if (op.code === 'patch') {
      running.blob.bytes.set(littleEndian(values[0] ?? 0n, op.width), op.offset);
      result.ret = 0n;
    } else if ('addr' in op) this.#access(running, op, values, result);
    result.durationNs = process.hrtime.bigint() - start;
    // Whether a signal came cannot be seen here before the event loop turns; the clock says the same.
    if (op.code === 'syscall' && op.timeoutMs > 0) {
      result.timedOut = result.durationNs >= BigInt(op.timeoutMs) * 1_000_000n;
    }
  }

  #syscall({ leftovers }: Running, op: SyscallOp, values: bigint[], result: WireResult): void {
    if (op.timeoutMs > 0) this.#watchdog.arm(op.timeoutMs);
    const { ret, errno } = this.#libc.syscall(op.nr, ...values);
    if (op.timeoutMs > 0) this.#watchdog.arm(0);
    result.ret = ret;
    result.errno = errno;
    if (errno === 0) this.#account(leftovers, op, values, BigInt.asUintN(64, ret));
  }

  #account(leftovers: Leftovers, op: SyscallOp, values: bigint[], ret: bigint): void {
    const [first = 0n, second = 0n, third = 0n] = values;
    const { close, munmap, mremap } = this.#numbers;
    if (op.nr === close) leftovers.closed(Number(BigInt.asUintN(32, first)));
    if (op.nr === munmap || op.nr === mremap) leftovers.unmapped(first, second);
    if (op.resultIsFd) leftovers.opened(Number(ret));
    if (op.resultIsMapping) leftovers.mapped(ret, op.nr === mremap ? third : second);
  }

  #access({ blob }: Running, op: AccessOp, values: bigint[], result: WireResult): void {
    const [address = 0n, value = 0n] = values;
    const write = (bytes: Uint8Array): Uint8Array | undefined =>
      this.#memory.write(address, bytes) ? new Uint8Array(0) : undefined;
    let seen: Uint8Array | undefined;
    switch (op.code) {
      case 'load':
      case 'peek':
        seen = this.#memory.read(address, op.code === 'load' ? op.width : op.length);
        break;
      case 'store':
        seen = write(littleEndian(value, op.width));
        break;
      case 'poke':
        seen = write(blob.bytes.subarray(op.offset, op.offset + op.length));
    }
    if (seen === undefined) {
      Object.assign(result, { status: 'fault', errno: EFAULT });
      return;
    }
    result.ret = op.code === 'load' ? unsigned(seen) : 0n;
    if (op.code === 'peek') result.data = seen;
  }

  #cleanUp(leftovers: Leftovers): void {
    for (const item of leftovers.take()) {
      if (item.kind === 'fd') this.#libc.syscall(this.#numbers.close, BigInt(item.fd));
      else this.#libc.syscall(this.#numbers.munmap, item.start, item.end - item.start);
    }
  }
}

function isBroken(op: WireOp, results: WireResult[]): boolean {
  if (op.code === 'syscall' && op.evenIfBroken) return false;
  return argsOf(op).some((arg) => {
    const result = arg.kind === 'ret' ? results[arg.ref] : undefined;
    return result !== undefined && (result.status !== 'done' || result.errno !== 0);
  });
}

function valueOf(arg: WireArg, running: Running): bigint {
  return BigInt.asUintN(64, baseOf(arg, running) + arg.add);
}

function baseOf(arg: WireArg, { blob, results }: Running): bigint {
  switch (arg.kind) {
    case 'imm':
      return 0n;
    case 'blob':
      return blob.address;
    case 'ret':
      return results[arg.ref]?.ret ?? -1n;
    case 'mem32':
      return BigInt(blob.bytes.readUInt32LE(arg.ref));
    case 'mem64':
      return blob.bytes.readBigUInt64LE(arg.ref);
  }
}

function littleEndian(value: bigint, width: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.subarray(0, width);
}

function unsigned(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
