// SPDX-License-Identifier: GPL-2.0-only
/** What can be wrong with a program that decodes: the rules of kernels/agent/check.c for other executors. */
import type { WireArg, WireOp, WireProgram } from '../lower/wire.js';

function argsOf(op: WireOp): WireArg[] {
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

/**
 * The first rule of the format that a program breaks, as text, or undefined when it may be executed.
 * Forks are not its business: an executor without the feature refuses them, the agent checks them itself.
 */
export function programProblem(program: WireProgram): string | undefined {
  const blobLength = program.blob.length;
  if (program.timeoutMs < 1) return 'a program needs a timeout of at least 1 ms';
  for (const [index, op] of program.ops.entries()) {
    for (const [i, arg] of argsOf(op).entries()) {
      const problem = argProblem(arg, index, blobLength);
      if (problem !== undefined) return `op ${index}: argument ${i} ${problem}`;
    }
    const problem = rangeProblem(op, blobLength);
    if (problem !== undefined) return `op ${index}: ${problem}`;
  }
  return undefined;
}

/** The values an op is computed from, in the order of the wire format. */
export { argsOf };
