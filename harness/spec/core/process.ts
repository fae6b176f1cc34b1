// SPDX-License-Identifier: GPL-2.0-only
import { collected } from './lifetime.js';
import type { Mapping, PlainMemory } from './objects.js';
import { withHoldsEnded } from './pins.js';
import { NOWHERE, put } from './ranges.js';
import { self, set, without } from './state.js';
import type { Id, State } from './state.js';

/**
 * The state in a child right after fork(2): the same descriptors, the same mappings. Shared mappings are
 * found again when they are touched, unless the page table is copied for another reason (mm/memory.c
 * copy_page_range, vma_needs_copy); private memory is the
 * child's own.
 */
export function forked(state: State): State {
  const parent = self(state);
  const child = state.nextId;
  const memories = new Map<Id, PlainMemory>(state.memories);
  const maps = new Map<Id, Mapping>();
  let nextId = child + 1;
  for (const [id, original] of parent.maps) {
    const map = inherited(original);
    const memory = map.memory === undefined ? undefined : state.memories.get(map.memory);
    if (map.shared || !memory) {
      const found = !map.shared || map.copiedOnFork;
      maps.set(id, found ? map : { ...map, present: NOWHERE, failed: NOWHERE });
      continue;
    }
    memories.set(nextId, memory);
    maps.set(id, { ...map, memory: nextId });
    nextId++;
  }
  return {
    ...state,
    nextId,
    memories,
    running: child,
    processes: set(state.processes, child, { ...parent, maps }),
  };
}

/** A mapping as a child has it: locks are not inherited, nor what was marked so (kernel/fork.c dup_mmap). */
function inherited(map: Mapping): Mapping {
  let { prot, present } = map;
  for (const run of map.notInChild) {
    prot = put(prot, run.from, run.to, undefined);
    present = put(present, run.from, run.to, undefined);
  }
  return { ...map, prot, present, locked: NOWHERE };
}

/**
 * The state after the running child ended and `parent` goes on: its descriptors, mappings and pins are gone,
 * and what only they kept alive.
 */
export function ended(state: State, parent: Id): State {
  return collected({
    ...withHoldsEnded(state, state.running),
    running: parent,
    processes: without(state.processes, state.running),
  });
}
