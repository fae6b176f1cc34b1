// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep, Program, Step, StepOf } from '../program/step.js';
import type { StepResult, Trace } from '../program/trace.js';
import type { VerbName } from '../program/verbs.js';
import type { Arch } from '../uapi/arch.js';
import type { Profile } from '../uapi/profiles/index.js';
import { Builder, blob, imm, ret } from './builder.js';
import { LowerContext, openAt, Results } from './context.js';
import type { Lifted, Lower } from './context.js';
import * as convert from './convert.js';
import * as file from './file.js';
import * as kvm from './kvm.js';
import { liftStep } from './lift.js';
import * as memory from './memory.js';
import { pin, unpin } from './pin.js';
import * as process from './process.js';
import { skews } from './skews.js';
import { sendFd } from './send-fd.js';
import { touch } from './touch.js';
import * as vcpu from './vcpu.js';
import { spanOf } from './wire.js';
import type { WireProgram, WireReply } from './wire.js';

/** A program in executable form, and the way back from results to a trace. */
export interface Lowered {
  wire: WireProgram;
  /** @throws RangeError when the reply is not of this program */
  readonly lift: (reply: WireReply) => Trace;
}

export interface LowerOptions {
  arch: Arch;
  profile: Profile;
  /** Bytes. */
  pageSize: number;
  /** Milliseconds for the whole program. */
  timeoutMs: number;
  /** Shifts the threads of every parallel against each other, the same way for the same seed; default: not at all. */
  seed?: number;
}

type Block = 'fork' | 'parallel';
type Table = { readonly [V in Exclude<VerbName, Block>]: Lower<StepOf<V>> };

const RLIMIT_NOFILE = 7;

const VERB_LOWERING: Table = {
  check_extension: kvm.checkExtension,
  create_vm: kvm.createVm,
  create_gmem: kvm.createGmem,
  create_vcpu: vcpu.createVcpu,
  bind: kvm.bind,
  unbind: kvm.unbind,
  set_attributes: kvm.setAttributes,
  convert: convert.convert,
  convert_raw: convert.convertRaw,
  enable_cap: kvm.enableCap,
  set_vm_attributes: kvm.setVmAttributes,
  pre_fault: kvm.preFault,
  ioctl: kvm.ioctl,
  compat_ioctl: kvm.compatIoctl,
  mmap: memory.mmap,
  map_op: memory.mapOp,
  load: memory.load,
  store: memory.store,
  fallocate: memory.fallocate,
  pagemap: process.pagemap,
  pin,
  unpin,
  touch,
  fd_op: file.fdOp,
  open: file.open,
  dup: file.dup,
  send_fd: sendFd,
  close: file.close,
  become: process.become,
  wait: process.wait,
  module_param: process.moduleParam,
  vcpu_load: vcpu.vcpuLoad,
  vcpu_store: vcpu.vcpuStore,
  vcpu_hypercall: vcpu.vcpuHypercall,
  vcpu_return: vcpu.vcpuReturn,
  limit: (cx, s) => {
    const limits = cx.b.alloc(16);
    cx.b.patch(limits, 8, imm(s.nofile));
    cx.b.patch(limits + 8, 8, imm(s.nofile));
    const args = [
      imm(0),
      imm(RLIMIT_NOFILE, 'RLIMIT_NOFILE'),
      blob(limits, `{${s.nofile.toString()}}`),
      imm(0n, 'NULL'),
    ];
    return { main: cx.b.syscall('prlimit64', args) };
  },
  sysrq: (cx, s) => {
    const fd = ret(openAt(cx.b, '/proc/sysrq-trigger', 1n, 'O_WRONLY', 'sysrq'), 'sysrq');
    return { main: cx.b.syscall('write', [fd, cx.b.path(s.key), imm(1)]) };
  },
};

/** Lower a program: steps in order, each with the ops it added and the way to read them. */
export function lower(program: Program, options: LowerOptions): Lowered {
  const b = new Builder(options.arch, options.pageSize);
  const cx = new LowerContext(b, options.profile, new Map(), options.seed);
  const lifts = lowerSteps(cx, program.steps).map(({ lift }) => lift);
  return {
    wire: { timeoutMs: options.timeoutMs, blob: b.blob(), ops: b.ops },
    lift: (reply) => {
      if (reply.results.length !== b.ops.length) {
        throw new RangeError(`expected ${b.ops.length} results, got ${reply.results.length}`);
      }
      const results = new Results(reply);
      const steps = lifts.map((lift) => lift(results));
      const cut = describeEnd(reply);
      return { steps, ...(cut === undefined ? {} : { cut }) };
    },
  };
}

/** A step that was lowered to ops [first, end). */
interface LoweredStep {
  first: number;
  end: number;
  lift: (r: Results) => StepResult;
}

function lowerSteps(cx: LowerContext, steps: readonly PlannedStep[]): LoweredStep[] {
  return steps.map(({ step }) => {
    const first = cx.b.ops.length;
    const lifted = lowerStep(cx, step);
    const end = cx.b.ops.length;
    return { first, end, lift: (r) => liftStep(cx.b, r, lifted, first, end) };
  });
}

function lowerStep(cx: LowerContext, step: Step): Lifted {
  if (step.verb === 'fork') return lowerFork(cx, step);
  return step.verb === 'parallel' ? lowerParallel(cx, step) : lowerOne(cx, step);
}

function lowerFork(cx: LowerContext, step: StepOf<'fork'>): Lifted {
  let children: LoweredStep[] = [];
  const main = cx.b.fork(() => {
    children = lowerSteps(cx.child(), step.steps);
  });
  return { main, children: children.map(({ lift }) => lift) };
}

function lowerParallel(cx: LowerContext, { threads }: StepOf<'parallel'>): Lifted {
  const contexts = threads.map(() => cx.child());
  const lowered: LoweredStep[][] = [];
  const bodies = threads.map((steps, i) => (): void => {
    lowered[i] = lowerSteps(contexts[i] ?? cx, steps);
  });
  const main = cx.b.parallel(bodies, skews(threads.length, cx.seed, cx.b.ops.length));
  cx.join(contexts);
  return { main, threads: lowered.map((steps) => steps.map((step) => timed(step, main))) };
}

/** The results of a step of a thread, with the moments before its first op and after its last. */
function timed({ first, end, lift }: LoweredStep, block: number): (r: Results) => StepResult {
  return (r) => {
    const ops = Array.from({ length: end - first }, (_, i) => first + i - block - 1);
    const spans = ops.flatMap((op) => spanOf(r.op(block), op) ?? []);
    const [start, last] = [spans[0]?.start, spans.at(-1)?.end];
    const result = lift(r);
    return start === undefined || last === undefined ? result : { ...result, span: { start, end: last } };
  };
}

function lowerOne(cx: LowerContext, step: Exclude<Step, StepOf<Block>>): Lifted {
  // The table has for each verb the function for just that verb; the lookup loses the connection.
  const apply = VERB_LOWERING[step.verb] as Lower<typeof step>;
  return apply(cx, step);
}

function describeEnd(reply: WireReply): string | undefined {
  switch (reply.end) {
    case 'complete':
      return undefined;
    case 'timeout':
      return 'the program did not end in time and was killed';
    case 'stuck':
      return 'the program did not end in time and could not be killed: a call is stuck in the kernel';
    case 'died':
      return `the process that ran the program died of signal ${reply.signal}`;
  }
}
