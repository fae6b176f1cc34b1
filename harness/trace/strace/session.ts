// SPDX-License-Identifier: GPL-2.0-only
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { ObjectKind } from '../../program/params.js';
import type { StepResult } from '../../program/trace.js';
import type { VerbName } from '../../program/verbs.js';
import type { Event } from './calls.js';
import type { Observed, Unknown } from './observed.js';
import { ProcessTable } from './processes.js';
import type { Descriptor } from './processes.js';
import type { Value } from './value.js';

export type CallEvent = Event & { readonly kind: 'call' };

/** Objects by the first part of the names that they get. */
const STEMS: Readonly<Record<ObjectKind, string>> = {
  kvm: 'kvm', vm: 'vm', gmem: 'gmem', vcpu: 'vcpu', file: 'file', map: 'm', pin: 'pin',
}; // prettier-ignore

/** All processes of a log, and what is known of their descriptors and mappings. */
export class Session {
  readonly #tables = new Map<number, ProcessTable>();
  readonly #counts = new Map<ObjectKind, number>();
  #out: Observed[] = [];

  constructor(readonly file: string) {}

  /** What has been seen since the last call of this. */
  take(): Observed[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  emit(...observed: Observed[]): void {
    this.#out.push(...observed);
  }

  table(pid: number): ProcessTable {
    let found = this.#tables.get(pid);
    if (!found) this.#tables.set(pid, (found = new ProcessTable()));
    return found;
  }

  setTable(pid: number, table: ProcessTable): void {
    this.#tables.set(pid, table);
  }

  end(pid: number): void {
    this.#tables.delete(pid);
  }

  /** A name that no object has had. The first /dev/kvm is `kvm`, as programs of suites call it. */
  name(kind: ObjectKind): string {
    const n = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, n);
    return kind === 'kvm' && n === 1 ? 'kvm' : `${STEMS[kind]}${n}`;
  }
}

/** One call in its process. */
export class CallContext {
  readonly table: ProcessTable;

  constructor(
    readonly session: Session,
    readonly call: CallEvent,
  ) {
    this.table = session.table(call.pid);
  }

  get where(): string {
    return `${this.session.file}:${this.call.where}`;
  }
  /** The call succeeded, as far as the log says. */
  get ok(): boolean {
    return this.call.returned.errno === '0';
  }
  get returned(): bigint {
    return this.call.returned.value ?? 0n;
  }

  value(i: number): Value | undefined {
    return this.call.args[i]?.value;
  }

  /** A number, undefined when the log has none there. */
  number(i: number): bigint | undefined {
    const v = this.value(i);
    return v?.kind === 'number' ? v.value : undefined;
  }

  /**
   * The object behind a descriptor argument, open or closed. One that no step made is adopted by what `-y` says
   * of it.
   */
  descriptor(i: number): Descriptor | undefined {
    const v = this.value(i);
    if (v?.kind !== 'number') return undefined;
    const fd = Number(BigInt.asIntN(32, v.value));
    const known = this.table.fds.get(fd);
    // strace gives no path of a closed descriptor.
    const contradicted = known?.closed === true && v.path !== undefined;
    if (known && !contradicted) return known;
    const kind = kindOfPath(v.path);
    return kind === undefined ? undefined : this.adopt(fd, kind);
  }

  /** An object that exists without a step that made it. */
  adopt(fd: number, kind: ObjectKind): Descriptor {
    const name = this.session.name(kind);
    this.session.emit({ kind: 'adopt', pid: this.call.pid, where: this.where, name, of: kind });
    return this.describe(fd, name, kind, false);
  }

  /** From here on, a number stands for an object. */
  describe(fd: number, name: string, kind: ObjectKind, cloexec: boolean): Descriptor {
    const d = { name, kind, cloexec, closed: false };
    this.table.fds.set(fd, d);
    return d;
  }

  /** A step without arguments that the log does not have, or with those in `unknown`. */
  step<V extends VerbName>(
    verb: V,
    args: Args<V>,
    unknown: readonly Unknown[] = [],
    fields: StepResult['fields'] = {},
  ): void {
    const { errno } = this.call.returned;
    // A call that did not return, or of which the log does not say how, is no evidence of anything.
    if (errno === undefined) return;
    const result: StepResult = {
      state: 'done',
      errno,
      fields: errno === '0' ? fields : {},
      calls: [this.text],
      durationNs: 0n,
      children: [],
    };
    this.session.emit({
      kind: 'step',
      pid: this.call.pid,
      where: this.where,
      step: step(verb, args).step,
      unknown: this.call.overlapped ? [...unknown, 'order'] : unknown,
      result,
    });
  }

  lose(name: string): void {
    this.session.emit({ kind: 'lose', pid: this.call.pid, where: this.where, name });
  }

  /** The call in one line, without what differs between runs. */
  get text(): string {
    const { errno, value } = this.call.returned;
    const args = this.call.args.map((a) => short(a.value)).join(', ');
    return `${this.call.name}(${args}) = ${errno === '0' ? short(number(value ?? 0n)) : `-1 ${errno ?? '?'}`}`;
  }
}

const number = (value: bigint): Value => ({ kind: 'number', value });

function short(v: Value): string {
  switch (v.kind) {
    case 'number':
      return v.value < 65536n && v.value > -65536n
        ? v.value.toString()
        : `0x${BigInt.asUintN(64, v.value).toString(16)}`;
    case 'string':
      return JSON.stringify(v.text);
    case 'struct':
      return `{${[...v.members].map(([n, m]) => `${n}=${short(m)}`).join(', ')}}`;
    case 'list':
      return `[${v.items.map(short).join(', ')}]`;
    case 'opaque':
      return '…';
  }
}

/** What `-y` calls files of KVM: virt/kvm/kvm_main.c, virt/kvm/guest_memfd.c (its mount had another name once). */
const PATHS: readonly (readonly [RegExp, ObjectKind])[] = [
  [/^\/dev\/kvm(?:<|$)/, 'kvm'],
  [/^anon_inode:kvm-vm$/, 'vm'],
  [/^anon_inode:kvm-vcpu/, 'vcpu'],
  [/^(?:anon_inode:)?(?:\/?\[(?:kvm-gmem|guest_memfd)\])/, 'gmem'],
];

/** The kind of object behind a path of `-y`; undefined for other files, and where the log has no path. */
export function kindOfPath(path = ''): ObjectKind | undefined {
  return PATHS.find(([pattern]) => pattern.test(path))?.[1];
}
