// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import type { FdKind, Gmem, Mapping, OtherFile, Pin, PlainMemory, Vcpu, Vm } from './objects.js';

/** Identity of an object of the model. Never used twice. */
export type Id = number;

/** An open file description: what descriptors refer to, and what a mapping keeps alive. */
export interface OpenFile {
  readonly kind: FdKind;
  /** Those of O_APPEND, O_NONBLOCK and O_NOATIME that were set since it was opened. */
  readonly status?: bigint;
  /** The object behind it: of `vms`, `gmems`, `vcpus` or `others`; 0 for /dev/kvm. */
  readonly object: Id;
}

/** What a name of the program stands for in a process. A descriptor's number stays when it is closed. */
export type Handle =
  { readonly kind: 'fd'; readonly fd: number } | { readonly kind: 'map' | 'pin'; readonly id: Id };

export interface Process {
  /** Open file by descriptor number. */
  readonly fds: ReadonlyMap<number, Id>;
  readonly names: ReadonlyMap<string, Handle>;
  /** What this address space has mapped. */
  readonly maps: ReadonlyMap<Id, Mapping>;
  /** A step mapped something for itself when the next identity was this: who knows where. */
  readonly hiddenMap?: Id;
  /** User id; 0 as programs start. */
  readonly uid: bigint;
  /** RLIMIT_NOFILE, when the program lowered it. */
  readonly nofile?: bigint;
  /** By way of holding: the process that opened the address space for devices that this one uses. */
  readonly spaces?: ReadonlyMap<PinWay, Id>;
  /** Descriptor numbers that have FD_CLOEXEC; none when not given. */
  readonly cloexec?: ReadonlySet<number>;
}

/** Everything that a step can see or change. Nothing in it is ever changed in place. */
export interface State {
  readonly nextId: Id;
  /** The process whose step comes next; an address space of its own. */
  readonly running: Id;
  readonly processes: ReadonlyMap<Id, Process>;
  readonly files: ReadonlyMap<Id, OpenFile>;
  readonly vms: ReadonlyMap<Id, Vm>;
  readonly gmems: ReadonlyMap<Id, Gmem>;
  readonly vcpus: ReadonlyMap<Id, Vcpu>;
  readonly others: ReadonlyMap<Id, OtherFile>;
  /** Memory of anonymous mappings. */
  readonly memories: ReadonlyMap<Id, PlainMemory>;
  readonly pins: ReadonlyMap<Id, Pin>;
}

/** Number of the descriptor `kvm` that every program starts with; those that it opens follow. */
const FIRST_FD = 3;

/** A process with /dev/kvm open under the name `kvm`, as every program starts. */
export const START: State = {
  nextId: 3,
  running: 1,
  processes: new Map([
    [
      1,
      {
        fds: new Map([[FIRST_FD, 2]]),
        names: new Map<string, Handle>([['kvm', { kind: 'fd', fd: FIRST_FD }]]),
        maps: new Map(),
        uid: 0n,
        cloexec: new Set([FIRST_FD]),
      },
    ],
  ]),
  files: new Map([[2, { kind: 'kvm', object: 0 }]]),
  vms: new Map(),
  gmems: new Map(),
  vcpus: new Map(),
  others: new Map(),
  memories: new Map(),
  pins: new Map(),
};

/** A copy of a map with one entry set. */
export function set<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

/** A copy of a map with one entry gone. */
export function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** The process whose step it is. */
export function self(state: State): Process {
  const process = state.processes.get(state.running);
  if (!process) throw new RangeError(`no process ${state.running}`);
  return process;
}

/** The state with the running process changed. */
export function withSelf(state: State, changes: Partial<Process>): State {
  return { ...state, processes: set(state.processes, state.running, { ...self(state), ...changes }) };
}

/** The lowest number that is no open descriptor, as POSIX wants it. */
export function lowestFree(process: Process): number {
  let fd = FIRST_FD;
  while (process.fds.has(fd)) fd++;
  return fd;
}

/** The state with a descriptor for an open file, under a name of the program. */
export function withDescriptor(state: State, name: string, file: Id): State {
  const process = self(state);
  const fd = lowestFree(process);
  return withSelf(state, {
    fds: set(process.fds, fd, file),
    names: set(process.names, name, { kind: 'fd', fd }),
  });
}

/** The state with a mapping of the running process under a name of the program. */
export function withMapping(state: State, name: string, map: Mapping): State {
  const { maps, names } = self(state);
  const id = state.nextId;
  return withSelf(
    { ...state, nextId: id + 1 },
    { maps: set(maps, id, map), names: set(names, name, { kind: 'map', id }) },
  );
}

/** The state with a mapping of the running process changed. */
export function withMapChanged(state: State, id: Id, changes: Partial<Mapping>): State {
  const { maps } = self(state);
  const map = maps.get(id);
  return map ? withSelf(state, { maps: set(maps, id, { ...map, ...changes }) }) : state;
}

/** The state with a guest_memfd changed. */
export function withGmemChanged(state: State, id: Id, changes: Partial<Gmem>): State {
  const gmem = state.gmems.get(id);
  return gmem ? { ...state, gmems: set(state.gmems, id, { ...gmem, ...changes }) } : state;
}

/** The state with FD_CLOEXEC of a descriptor of the running process set or cleared. */
export function withCloexec(state: State, name: string, on: boolean): State {
  const process = self(state);
  const h = process.names.get(name);
  if (h?.kind !== 'fd') return state;
  const cloexec = new Set(process.cloexec);
  if (on) cloexec.add(h.fd);
  else cloexec.delete(h.fd);
  return withSelf(state, { cloexec });
}

/** Collections of objects that files stand for. */
type Collection = 'vms' | 'gmems' | 'vcpus' | 'others';
const COLLECTION: Readonly<Record<Exclude<FdKind, 'kvm'>, Collection>> = {
  vm: 'vms',
  gmem: 'gmems',
  vcpu: 'vcpus',
  file: 'others',
};

/** Make an object, an open file for it, and a descriptor under a name of the program. */
export function withObject(state: State, kind: 'vm', name: string, object: Vm): State;
export function withObject(state: State, kind: 'gmem', name: string, object: Gmem): State;
export function withObject(state: State, kind: 'vcpu', name: string, object: Vcpu): State;
export function withObject(state: State, kind: 'file', name: string, object: OtherFile): State;
export function withObject(
  state: State,
  kind: Exclude<FdKind, 'kvm'>,
  name: string,
  object: Vm | Gmem | Vcpu | OtherFile,
): State {
  const id = state.nextId;
  const collection = COLLECTION[kind];
  const grown: State = {
    ...state,
    nextId: id + 2,
    files: set(state.files, id + 1, { kind, object: id }),
    [collection]: new Map<Id, unknown>(state[collection]).set(id, object),
  };
  return withDescriptor(grown, name, id + 1);
}
