// SPDX-License-Identifier: GPL-2.0-only
import type { Found } from './look.js';
import type { Gmem, Mapping } from './objects.js';
import { at, covers, put, within } from './ranges.js';
import { withGmemChanged, withMapChanged } from './state.js';
import type { Id, Process, State } from './state.js';

/** The guest_memfd that a mapping shows, undefined for other memory. */
export function gmemBehind(state: State, map: Mapping): Found<Gmem> | undefined {
  const file = map.file === undefined ? undefined : state.files.get(map.file);
  const it = file?.kind === 'gmem' ? state.gmems.get(file.object) : undefined;
  return file && it ? { id: file.object, it } : undefined;
}

/**
 * What an access to a page finds, in the order of the kernel's questions; `unknown` is for callers that do not
 * know what lies at an address.
 */
export type Finding =
  | 'unknown'
  | 'nothing mapped'
  | 'forbidden'
  | 'guard'
  | 'failed memory'
  | 'beyond the end'
  | 'private'
  | 'page';

/**
 * `read` and `write` by an instruction, of the process or of the kernel for it; `get` and `get to write` by a
 * reference to the page (mm/gup.c), which asks for PROT_READ and not for any right; `get fast` takes what the page
 * table has first, without asking the mapping; `none` asks
 * what is there.
 */
export type Access = 'read' | 'write' | 'get' | 'get fast' | 'get to write' | 'get any way' | 'none';

/** Rights of which an access needs one. */
const NEEDED: Readonly<Record<Exclude<Access, 'none'>, bigint>> = {
  read: 7n,
  write: 2n,
  get: 1n,
  'get fast': 1n,
  'get to write': 2n,
  'get any way': 3n,
};

/**
 * What an access of this process to a page of one of its mappings finds. Any right to a mapping lets it be read,
 * as processors see it.
 * @param page counted from the start of the mapping
 */
export function find(state: State, map: Mapping, page: number, access: Access): Finding {
  const prot = at(map.prot, page);
  if (prot === undefined) return 'nothing mapped';
  if (access !== 'none' && (prot & NEEDED[access]) === 0n && !inReach(map, page, prot, access))
    return 'forbidden';
  if (at(map.guarded, page)) return 'guard';
  if (at(map.failed, page)) return 'failed memory';
  const gmem = gmemBehind(state, map)?.it;
  if (!gmem) return 'page';
  const index = map.firstPage + page;
  if (index >= gmem.pages) return 'beyond the end';
  if ((at(gmem.states, index) ?? gmem.initial) === 'private') return 'private';
  return at(gmem.poisoned, index) ? 'failed memory' : 'page';
}

/** A page table entry that can be written can be read, whatever the mapping says (gup_fast_pte_range). */
const inReach = (map: Mapping, page: number, prot: bigint, access: Access): boolean =>
  access === 'get fast' && (prot & NEEDED.write) !== 0n && at(map.present, page) === true;

/** The first page of a range that an access does not find, and what it finds there. */
export function firstMiss(
  state: State,
  map: Mapping,
  from: number,
  to: number,
  access: Access,
): { readonly page: number; readonly finding: Finding } | undefined {
  const page = from + reachable(state, map, from, to, access);
  return page < to ? { page, finding: find(state, map, page, access) } : undefined;
}

/** How many pages from `from` on, up to and without `to`, an access finds. */
export function reachable(state: State, map: Mapping, from: number, to: number, access: Access): number {
  let page = from;
  while (page < to && find(state, map, page, access) === 'page') page++;
  return page - from;
}

/** The state after pages of a mapping were touched: they are in its page table, and in use in the file. */
export function touched(state: State, { id, it }: Found<Mapping>, from: number, to: number): State {
  const mapped = covers(it.present, from, to)
    ? state
    : withMapChanged(state, id, { present: put(it.present, from, to, true) });
  const gmem = gmemBehind(state, it);
  return gmem ? used(mapped, gmem.id, it.firstPage + from, it.firstPage + to) : mapped;
}

/** The state after pages of a guest_memfd, counted from its start, were used by the host or by a guest. */
export function used(state: State, gmem: Id, from: number, to: number): State {
  const it = state.gmems.get(gmem);
  if (!it || covers(it.used, from, to)) return state;
  return withGmemChanged(state, gmem, {
    allocated: put(it.allocated, from, to, true),
    used: put(it.used, from, to, true),
  });
}

/**
 * The state after pages of a guest_memfd, counted from its start, left the page tables of every process. Marks
 * of guard regions and of failed memory stay (mm/memory.c zap_nonpresent_ptes).
 */
export function zapped(state: State, gmem: Id, from: number, to: number): State {
  const processes = new Map<Id, Process>(state.processes);
  for (const [pid, process] of state.processes) {
    const maps = new Map<Id, Mapping>(process.maps);
    for (const [id, map] of process.maps) {
      if (map.present.length === 0 || gmemBehind(state, map)?.id !== gmem) continue;
      const present = put(map.present, from - map.firstPage, to - map.firstPage, undefined);
      maps.set(id, { ...map, present });
    }
    processes.set(pid, { ...process, maps });
  }
  return { ...state, processes };
}

/**
 * The state after pages of a guest_memfd are taken out of the file: a page that any process has in its page table
 * takes the guard regions over it along, in every mapping (mm/memory.c unmap_mapping_folio, ZAP_FLAG_DROP_MARKER).
 */
export function withGuardsTruncated(state: State, gmem: Id, from: number, to: number): State {
  const ours = (map: Mapping): boolean => gmemBehind(state, map)?.id === gmem;
  const all = [...state.processes.values()].flatMap(({ maps }) => [...maps.values()]).filter(ours);
  if (all.every((map) => map.guarded.length === 0)) return state;
  const mapped = all.flatMap((map) =>
    within(map.present, from - map.firstPage, to - map.firstPage).map((run) => ({
      from: run.from + map.firstPage,
      to: run.to + map.firstPage,
    })),
  );
  const changed = (map: Mapping): Mapping => ({
    ...map,
    guarded: mapped.reduce(
      (guarded, run) => put(guarded, run.from - map.firstPage, run.to - map.firstPage, undefined),
      map.guarded,
    ),
  });
  const processes = [...state.processes].map(([id, process]): [Id, Process] => [
    id,
    {
      ...process,
      maps: new Map([...process.maps].map(([name, map]) => [name, ours(map) ? changed(map) : map])),
    },
  ]);
  return { ...state, processes: new Map(processes) };
}
