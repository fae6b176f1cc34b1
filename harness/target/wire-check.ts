// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a program that decodes: the rules of kernels/agent/check.c for other executors. */
import { MAX_THREADS, SPAN_BYTES } from '../lower/wire.js';
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
    case 'parallel':
    case 'thread':
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

/** Bytes that an op may leave in the data of the reply. */
function dataBytes(op: WireOp): number {
  if (op.code === 'peek') return op.length;
  return op.code === 'parallel' ? op.count * SPAN_BYTES : 0;
}

/** A fork or a parallel that ops are in, and the thread of it. */
interface Block {
  start: number;
  end: number;
  parallel: boolean;
  threads: number;
  threadStart: number;
  threadEnd: number;
}

const roomProblem = (count: number, index: number, end: number): string | undefined =>
  index + 1 + count > end ? `a block of ${count} ops, only ${end - index - 1} follow` : undefined;

function blockProblem(ops: readonly WireOp[]): string | undefined {
  let block: Block = { start: 0, end: 0, parallel: false, threads: 0, threadStart: 0, threadEnd: 0 };
  for (const [index, op] of ops.entries()) {
    let problem: string | undefined;
    const inside = index < block.end;
    if (op.code === 'thread') {
      problem = threadProblem(block, op, index);
      block = { ...block, threads: block.threads + 1, threadStart: index, threadEnd: index + 1 + op.count };
    } else if (inside && block.parallel && index >= block.threadEnd) {
      problem = 'beside the threads of a parallel';
    } else if (op.code === 'fork' || op.code === 'parallel') {
      problem = inside ? 'a block of ops in another' : roomProblem(op.count, index, ops.length);
      const parallel = op.code === 'parallel';
      const end = index + 1 + op.count;
      block = { start: index, end, parallel, threads: 0, threadStart: 0, threadEnd: 0 };
    }
    problem ??= otherThreadProblem(block, op, index);
    if (problem !== undefined) return `op ${index}: ${problem}`;
  }
  return undefined;
}

function threadProblem(
  block: Block,
  op: Extract<WireOp, { code: 'thread' }>,
  index: number,
): string | undefined {
  if (!block.parallel || index >= block.end || index < block.threadEnd)
    return 'a thread outside of a parallel, or in a thread';
  if (block.threads === MAX_THREADS) return `more than ${MAX_THREADS} threads`;
  return roomProblem(op.count, index, block.end);
}

/** What ran at the same time in another thread is no result that an op could build on. */
function otherThreadProblem(block: Block, op: WireOp, index: number): string | undefined {
  if (!block.parallel || index >= block.threadEnd) return undefined;
  const refs = argsOf(op).flatMap((arg) => (arg.kind === 'ret' ? [arg.ref] : []));
  const other = refs.find((ref) => ref >= block.start && ref < block.threadStart);
  return other === undefined ? undefined : `an argument refers to op ${other} of another thread`;
}

/** The first rule of the format that a program breaks, as text, or undefined when it may be executed. */
export function programProblem({ timeoutMs, blob, ops }: WireProgram): string | undefined {
  if (timeoutMs < 1) return 'a program needs a timeout of at least 1 ms';
  for (const [index, op] of ops.entries()) {
    const problem = opProblem(op, index, blob.length);
    if (problem !== undefined) return `op ${index}: ${problem}`;
  }
  const data = ops.reduce((sum, op) => sum + dataBytes(op), 0);
  if (replyBytes(ops.length, data) > MAX_PAYLOAD_BYTES) {
    return `the reply would have ${replyBytes(ops.length, data)} bytes, at most ${MAX_PAYLOAD_BYTES} fit a frame`;
  }
  return blockProblem(ops);
}
