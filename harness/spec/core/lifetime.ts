// SPDX-License-Identifier: GPL-2.0-only
import type { Id, State } from './state.js';
import { self, without, withSelf } from './state.js';

/** The state after the running process closes a descriptor number. */
export function closed(state: State, fd: number): State {
  const process = self(state);
  const { cloexec } = process;
  return collected(
    withSelf(state, {
      fds: without(process.fds, fd),
      ...(cloexec?.has(fd) && { cloexec: new Set([...cloexec].filter((other) => other !== fd)) }),
    }),
  );
}

/**
 * The state without what nobody can reach any more. Descriptors and mappings keep open files, open files keep
 * what they stand for, a vCPU and a guest_memfd keep their VM (virt/kvm/kvm_main.c kvm_vcpu_release,
 * virt/kvm/guest_memfd.c kvm_gmem_release). A pin keeps pages, here by keeping their file, whose pages no one
 * else finds. A memslot keeps nothing: its guest_memfd vanishes under it.
 */
export function collected(state: State): State {
  const files = keep(state.files, openFiles(state));
  const behind = new Set([...files.values()].map((file) => file.object));
  const pinned = new Set([...state.pins.values()].map((pin) => pin.gmem));
  const vcpus = keep(state.vcpus, behind);
  const gmems = filter(state.gmems, (id) => behind.has(id) || pinned.has(id));
  const used = new Set([...vcpus.values(), ...gmems.values()].map(({ vm }) => vm));
  return {
    ...state,
    files,
    vcpus,
    gmems,
    vms: filter(state.vms, (id) => behind.has(id) || used.has(id)),
    others: keep(state.others, behind),
    memories: keep(state.memories, mappedMemories(state)),
  };
}

function openFiles(state: State): ReadonlySet<Id> {
  const open = new Set<Id>();
  for (const process of state.processes.values()) {
    for (const id of process.fds.values()) open.add(id);
    for (const map of process.maps.values()) {
      if (map.file !== undefined && map.prot.length > 0) open.add(map.file);
    }
  }
  return open;
}

function mappedMemories(state: State): ReadonlySet<Id> {
  const mapped = new Set<Id>();
  for (const process of state.processes.values()) {
    for (const { memory } of process.maps.values()) if (memory !== undefined) mapped.add(memory);
  }
  return mapped;
}

const keep = <T>(map: ReadonlyMap<Id, T>, ids: ReadonlySet<Id>): ReadonlyMap<Id, T> =>
  filter(map, (id) => ids.has(id));

/** The entries that stay, and the same map when all do. */
function filter<T>(map: ReadonlyMap<Id, T>, stays: (id: Id) => boolean): ReadonlyMap<Id, T> {
  const gone = [...map.keys()].filter((id) => !stays(id));
  if (gone.length === 0) return map;
  const copy = new Map(map);
  for (const id of gone) copy.delete(id);
  return copy;
}
