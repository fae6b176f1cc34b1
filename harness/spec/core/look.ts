// SPDX-License-Identifier: GPL-2.0-only
import type { FdKind, Gmem, Mapping, OtherFile, Pin, Vcpu, Vm } from './objects.js';
import type { Handle, Id, OpenFile, State } from './state.js';
import { self } from './state.js';

/** What a name stands for in the running process; undefined when the step that makes it did not. */
export function handle(state: State, name: string): Handle | undefined {
  return self(state).names.get(name);
}

/** The open file behind a descriptor's name; undefined when it is closed or not a descriptor. */
export function openFile(state: State, name: string): OpenFile | undefined {
  const id = fileId(state, name);
  return id === undefined ? undefined : state.files.get(id);
}

/** Identity of the open file behind a descriptor's name. */
export function fileId(state: State, name: string): Id | undefined {
  const h = handle(state, name);
  return h?.kind === 'fd' ? self(state).fds.get(h.fd) : undefined;
}

/** The kind of file behind a name, undefined when it is closed. */
export function kindOf(state: State, name: string): FdKind | undefined {
  return openFile(state, name)?.kind;
}

/** An object with its identity. */
export interface Found<T> {
  readonly id: Id;
  readonly it: T;
}

function found<T>(collection: ReadonlyMap<Id, T>, id: Id | undefined): Found<T> | undefined {
  if (id === undefined) return undefined;
  const it = collection.get(id);
  return it === undefined ? undefined : { id, it };
}

function behind<T>(
  state: State,
  name: string,
  kind: FdKind,
  collection: ReadonlyMap<Id, T>,
): Found<T> | undefined {
  const file = openFile(state, name);
  return file?.kind === kind ? found(collection, file.object) : undefined;
}

/** The VM that a descriptor's name stands for. */
export const vmOf = (state: State, name: string): Found<Vm> | undefined =>
  behind(state, name, 'vm', state.vms);
/** The guest_memfd that a descriptor's name stands for. */
export const gmemOf = (state: State, name: string): Found<Gmem> | undefined =>
  behind(state, name, 'gmem', state.gmems);
/** The vCPU that a descriptor's name stands for. */
export const vcpuOf = (state: State, name: string): Found<Vcpu> | undefined =>
  behind(state, name, 'vcpu', state.vcpus);
/** The file of another kind that a descriptor's name stands for. */
export const otherOf = (state: State, name: string): Found<OtherFile> | undefined =>
  behind(state, name, 'file', state.others);

/** The mapping of the running process that a name stands for. */
export function mapOf(state: State, name: string): Found<Mapping> | undefined {
  const h = handle(state, name);
  return h?.kind === 'map' ? found(self(state).maps, h.id) : undefined;
}

/** The pin that a name stands for. */
export function pinOf(state: State, name: string): Found<Pin> | undefined {
  const h = handle(state, name);
  return h?.kind === 'pin' ? found(state.pins, h.id) : undefined;
}

/** Whether a guest_memfd still has a file: one that is closed everywhere serves no guest. */
export function gmemIsOpen(state: State, gmem: Id): boolean {
  for (const file of state.files.values()) if (file.object === gmem) return true;
  return false;
}
