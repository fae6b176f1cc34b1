// SPDX-License-Identifier: GPL-2.0-only
/** An executor without a kernel: every op succeeds, unless a test says what happens instead. */
import { notRun } from '../lower/wire.js';
import type { WireHello, WireProgram, WireReply, WireResult } from '../lower/wire.js';
import type { Execution, Executor } from './executor.js';
import { KernelTarget } from './kernel-target.js';

export const HELLO: WireHello = {
  protocol: 1,
  machine: 'x86_64',
  release: '7.3.4-fake',
  pageSize: 4096,
  executor: 'fake 1',
  features: ['fork', 'signals'],
};

const DONE: WireResult = { ...notRun(), status: 'done', ret: 0n, durationNs: 1n };

/** The reply of a kernel that says yes to everything, but for ops given by index. */
export function yes(
  program: WireProgram,
  results: Readonly<Record<number, Partial<WireResult>>> = {},
): WireReply {
  return {
    end: 'complete',
    signal: 0,
    blobAddress: 0x10000n,
    results: program.ops.map((_, i) => ({ ...DONE, ...results[i] })),
  };
}

/** The reply of a kernel in which every system call fails. */
export function no(program: WireProgram, errno: number): WireReply {
  return yes(program, Object.fromEntries(program.ops.map((_, i) => [i, { ret: -1n, errno }])));
}

/** What happens to the n-th program, counted from 0. */
export type Behaviour = (program: WireProgram, n: number) => Execution | Promise<Execution>;

export class FakeExecutor implements Executor {
  readonly name = 'fake';
  ran = 0;
  closed = false;

  constructor(
    private readonly behave: Behaviour = (program) => ({ reply: yes(program) }),
    private readonly hello: Partial<WireHello> = {},
  ) {}

  start(): Promise<WireHello> {
    return Promise.resolve({ ...HELLO, ...this.hello });
  }

  async run(program: WireProgram): Promise<Execution> {
    return this.behave(program, this.ran++);
  }

  facts(): Record<string, string> {
    return {};
  }

  console(): string {
    return 'the console\n';
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** A target that was opened. */
export async function fakeTarget(
  executor: Executor = new FakeExecutor(),
  disposable = false,
): Promise<KernelTarget> {
  const target = new KernelTarget('fake', executor, { disposable, timeoutMs: 1000 });
  await target.open();
  return target;
}
