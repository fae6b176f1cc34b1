// SPDX-License-Identifier: GPL-2.0-only
/** Short ways to write wire programs in tests. */
import { arch } from 'node:os';
import { notRun } from '../lower/wire.js';
import type { WireArg, WireOp, WireProgram, WireResult } from '../lower/wire.js';
import { type SyscallName, syscallNumber } from '../uapi/arch.js';

export const here = arch() === 'arm64' ? 'aarch64' : 'x86_64';

type SyscallOp = Extract<WireOp, { code: 'syscall' }>;

export const imm = (add: bigint | number): WireArg => ({ kind: 'imm', add: BigInt.asUintN(64, BigInt(add)) });
export const blobAt = (add: number): WireArg => ({ kind: 'blob', add: BigInt(add) });
export const retOf = (ref: number, add = 0): WireArg => ({ kind: 'ret', ref, add: BigInt(add) });

export function syscall(name: SyscallName, args: WireArg[], rest: Partial<SyscallOp> = {}): SyscallOp {
  return {
    code: 'syscall',
    nr: syscallNumber(name, here),
    args,
    timeoutMs: 0,
    resultIsFd: false,
    resultIsMapping: false,
    evenIfBroken: false,
    ...rest,
  };
}

/** Anonymous private memory of `length` bytes. */
export function mmapAnonymous(length: number): WireOp {
  const args = [imm(0), imm(length), imm(3), imm(0x22), imm(-1), imm(0)];
  return syscall('mmap', args, { resultIsMapping: true });
}

export function program(ops: WireOp[], rest: Partial<WireProgram> = {}): WireProgram {
  return { timeoutMs: 5_000, blob: new Uint8Array(256), ops, ...rest };
}

export function text(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${value}\0`.padEnd(256, '\0')));
}

/** The result of an op that did what it should and returned `ret`. */
export function done(ret = 0n): WireResult {
  return { ...notRun(), status: 'done', ret };
}
