// SPDX-License-Identifier: GPL-2.0-only
import type { Step } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import type { Profile } from '../uapi/profiles/index.js';
import { ret } from './builder.js';
import type { Arg, Builder } from './builder.js';
import type { WireReply, WireResult } from './wire.js';

/** What lowering knows of an object: how later ops refer to it. */
export interface FdObject {
  kind: 'fd';
  fd: Arg;
  /** A vCPU's mapped kvm_run and whether it has run before. */
  run?: Arg;
  ran?: boolean;
  /** A VM that has its boot memory already: all its vCPUs share it. */
  booted?: boolean;
}
export interface MapObject {
  kind: 'map';
  base: Arg;
  /** Op whose result is the base address, for fault addresses relative to it. */
  op: number;
}
/** Pages held by a pin, and the ops that let them go. */
export interface PinObject {
  kind: 'pin';
  release: (cx: LowerContext) => Lifted;
}
/** What a hold needs besides memory, such as what devices behind an IOMMU see; kept by names that no case can give. */
export interface SpaceObject {
  kind: 'space';
  fd: Arg;
  id?: Arg;
}
export type LoweredObject = FdObject | MapObject | PinObject | SpaceObject;

/** Reads results of the ops of one program. */
export class Results {
  constructor(readonly reply: WireReply) {}
  op(index: number): WireResult {
    const r = this.reply.results[index];
    if (!r) throw new RangeError(`the reply has no op ${index}`);
    return r;
  }
}

/** Turns op results into the result of the step; made together with the ops. */
export interface Lifted {
  /** The op that the step is about: its errno is the step's. */
  main: number;
  /** What makes the success of the main op worthless, called only after one; undefined: nothing. */
  trouble?: (r: Results) => string | undefined;
  /** Out fields, called only when the main op was executed. */
  fields?: (r: Results) => Record<string, bigint>;
  /** The mapping that fault addresses are relative to. */
  map?: MapObject;
  /** Steps of a forked child. */
  children?: readonly ((r: Results) => StepResult)[];
  /** Steps of threads. */
  threads?: readonly (readonly ((r: Results) => StepResult)[])[];
}

/** State of one lowering. */
export class LowerContext {
  constructor(
    readonly b: Builder,
    readonly profile: Profile,
    readonly objects = new Map<string, LoweredObject>(),
    /** Chooses how the threads of a parallel are shifted against each other. */
    readonly seed?: number,
  ) {}

  /** A forked child or a thread: sees the objects made so far, keeps its own to itself. */
  child(): LowerContext {
    return new LowerContext(this.b, this.profile, new Map(this.objects), this.seed);
  }

  /** What threads made belongs to what follows them: the case was checked for names that two of them use. */
  join(threads: readonly LowerContext[]): void {
    const before = new Map(this.objects);
    for (const { objects } of threads) {
      for (const [name, object] of objects) if (before.get(name) !== object) this.objects.set(name, object);
    }
  }

  fd(name: string): FdObject {
    if (name === 'kvm' && !this.objects.has('kvm')) {
      this.objects.set('kvm', this.openKvm());
    }
    const found = this.objects.get(name);
    if (found?.kind !== 'fd') throw new Error(`no file descriptor '${name}': the program was not checked`);
    return found;
  }

  map(name: string): MapObject {
    const found = this.objects.get(name);
    if (found?.kind !== 'map') throw new Error(`no mapping '${name}': the program was not checked`);
    return found;
  }

  pin(name: string): PinObject {
    const found = this.objects.get(name);
    if (found?.kind !== 'pin') throw new Error(`no pin '${name}': the program was not checked`);
    return found;
  }

  /** Register the fd that op `index` returns. */
  newFd(name: string, index: number): FdObject {
    const object: FdObject = { kind: 'fd', fd: ret(index, name) };
    this.objects.set(name, object);
    return object;
  }

  openKvm(as = 'kvm'): FdObject {
    const index = openAt(this.b, '/dev/kvm', 0o2n, 'O_RDWR', as);
    return this.newFd(as, index);
  }
}

const AT_FDCWD = -100n;
const O_CLOEXEC = 0o2000000n;

/** openat of an absolute path, close-on-exec; `quiet` where it is not what the step is about. */
export function openAt(
  b: Builder,
  path: string,
  flags: bigint,
  text: string,
  result: string,
  quiet = false,
): number {
  return b.syscall(
    'openat',
    [
      { arg: { kind: 'imm', add: BigInt.asUintN(64, AT_FDCWD) }, text: 'AT_FDCWD' },
      b.path(path),
      { arg: { kind: 'imm', add: flags | O_CLOEXEC }, text: `${text}|O_CLOEXEC` },
    ],
    { fd: true, result, quiet },
  );
}

/** Lowers one verb: adds its ops and says how to read them. */
export type Lower<S extends Step> = (cx: LowerContext, step: S) => Lifted;
