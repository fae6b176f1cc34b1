// SPDX-License-Identifier: GPL-2.0-only
/**
 * The ffi-rs worker: a process that answers frames on stdin and stdout like the agent does. It is apart from the
 * harness because a program may kill or hang it. Its argument, when there is one, is the number of a descriptor
 * open on a file whose first u32 tells the harness which op is executing (index + 1, 0 for none), for the time
 * when the worker cannot tell any more.
 */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { WIRE_PROTOCOL, type WireHello } from '../lower/wire.js';
import { isArch } from '../uapi/arch.js';
import { type Frame, FrameDecoder, FrameError, FrameType, encodeFrame } from './frame.js';
import { HostInterpreter } from './host-interpreter.js';
import { ErrorCode, encodeComplaint, encodeHello, encodeReply } from './reply-codec.js';
import { WireError, decodeProgram } from './wire-codec.js';
import { programProblem } from './wire-check.js';

function machine(): string {
  return { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
}

/** AT_PAGESZ of the auxiliary vector, pairs of u64 (getauxval(3)): Node does not tell the page size. */
function pageSize(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === 6n) return Number(vector.readBigUInt64LE(at + 8));
  }
  throw new Error('Expected a page size in /proc/self/auxv, found none');
}

function send(type: number, sequence: number, payload: Uint8Array): void {
  process.stdout.write(encodeFrame({ type, sequence, payload }));
}

function complain(sequence: number, code: number, text: string): void {
  send(FrameType.error, sequence, encodeComplaint({ code, text }));
}

class Worker {
  readonly #hello: WireHello;
  readonly #interpreter: HostInterpreter;
  readonly #progress: Buffer;

  constructor() {
    const arch = machine();
    if (!isArch(arch)) throw new Error(`Expected an x86_64 or aarch64 machine, got ${arch}`);
    this.#hello = {
      protocol: WIRE_PROTOCOL,
      machine: arch,
      release: release(),
      pageSize: pageSize(),
      executor: 'host 1',
      features: [],
    };
    this.#interpreter = new HostInterpreter(arch, this.#hello.pageSize);
    this.#interpreter.dieWithParent();
    const progressFd = process.argv[2];
    this.#progress =
      progressFd === undefined ? Buffer.alloc(4) : this.#interpreter.sharedPage(Number(progressFd));
  }

  answer({ type, sequence, payload }: Frame): void {
    if (type === FrameType.hello) send(FrameType.hello, sequence, encodeHello(this.#hello));
    else if (type === FrameType.run) this.#run(sequence, payload);
    else complain(sequence, ErrorCode.refused, `unknown frame type ${type}, expected HELLO or RUN`);
  }

  #run(sequence: number, payload: Buffer): void {
    try {
      const program = decodeProgram(payload);
      const compat = program.ops.findIndex((op) => op.code === 'syscall' && op.compat === true);
      const fork = program.ops.findIndex(({ code }) => code === 'fork');
      const parallel = program.ops.findIndex(({ code }) => code === 'parallel');
      const problem =
        programProblem(program) ??
        (compat < 0
          ? undefined
          : `op ${compat}: this executor makes no 32-bit system calls, use the agent`) ??
        (fork < 0 ? undefined : `op ${fork}: this executor cannot fork, use the agent`) ??
        (parallel < 0 ? undefined : `op ${parallel}: this executor has one thread, use the agent`);
      if (problem !== undefined) return complain(sequence, ErrorCode.refused, problem);
      const reply = this.#interpreter.run(program, (index) => this.#progress.writeUInt32LE(index + 1));
      this.#progress.writeUInt32LE(0);
      send(FrameType.result, sequence, encodeReply(reply));
    } catch (error) {
      const code =
        error instanceof WireError || error instanceof FrameError ? ErrorCode.refused : ErrorCode.failed;
      complain(sequence, code, error instanceof Error ? error.message : String(error));
    }
  }

  /** Greet, then answer until the harness closes the channel. */
  serve(): void {
    const decoder = new FrameDecoder();
    send(FrameType.hello, 0, encodeHello(this.#hello));
    process.stdin.on('data', (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.answer(frame);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        complain(0, ErrorCode.damaged, error.message);
        process.exitCode = 1;
        process.stdin.destroy();
      }
    });
  }
}

new Worker().serve();
