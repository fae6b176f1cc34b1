// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a program that decodes: the rules of kernels/agent/check.c for other executors. */
import type { WireArg, WireOp, WireProgram } from '../lower/wire.js';
import { MAX_PAYLOAD_BYTES } from './frame.js';
import { replyBytes } from './reply-codec.js';

/** The values an op is computed from, in the order of the wire format. */
export function argsOf(op: WireOp): WireArg[] {
  switch (op.code) {
    case 'syscall':
      return op.args;
    case 'patch':
      return [op.value];
    case 'store':
      return [op.addr, op.value];
    case 'load':
    case 'peek':
    case 'poke':
      return [op.addr];
    case 'fork':
      return [];
  }
}

function argProblem(arg: WireArg, index: number, blobLength: number): string | undefined {
  switch (arg.kind) {
    case 'ret':
      return arg.ref < index ? undefined : `refers to op ${arg.ref}, expected an earlier one`;
    case 'mem32':
    case 'mem64': {
      const inside = arg.ref + (arg.kind === 'mem32' ? 4 : 8) <= blobLength;
      return inside ? undefined : `lies outside the blob of ${blobLength} bytes`;
    }
    default:
      return undefined;
  }
}

function rangeProblem(op: WireOp, blobLength: number): string | undefined {
  if (op.code !== 'patch' && op.code !== 'poke') return undefined;
  const length = op.code === 'patch' ? op.width : op.length;
  if (op.offset + length <= blobLength) return undefined;
  return `bytes ${op.offset}+${length} lie outside the blob of ${blobLength} bytes`;
}

function opProblem(op: WireOp, index: number, blobLength: number): string | undefined {
  for (const [i, arg] of argsOf(op).entries()) {
    const problem = argProblem(arg, index, blobLength);
    if (problem !== undefined) return `argument ${i} ${problem}`;
  }
  return rangeProblem(op, blobLength);
}

function forkProblem(ops: readonly WireOp[]): string | undefined {
  let forkEnd = 0;
  for (const [index, op] of ops.entries()) {
    if (op.code !== 'fork') continue;
    if (index < forkEnd) return `op ${index}: a fork inside the ops of a fork`;
    forkEnd = index + 1 + op.count;
    if (forkEnd > ops.length) {
      return `op ${index}: a fork of ${op.count} ops, only ${ops.length - index - 1} follow`;
    }
  }
  return undefined;
}

/** The first rule of the format that a program breaks, as text, or undefined when it may be executed. */
export function programProblem({ timeoutMs, blob, ops }: WireProgram): string | undefined {
  if (timeoutMs < 1) return 'a program needs a timeout of at least 1 ms';
  for (const [index, op] of ops.entries()) {
    const problem = opProblem(op, index, blob.length);
    if (problem !== undefined) return `op ${index}: ${problem}`;
  }
  const data = ops.reduce((sum, op) => sum + (op.code === 'peek' ? op.length : 0), 0);
  if (replyBytes(ops.length, data) > MAX_PAYLOAD_BYTES) {
    return `the reply would have ${replyBytes(ops.length, data)} bytes, at most ${MAX_PAYLOAD_BYTES} fit a frame`;
  }
  return forkProblem(ops);
}
