// SPDX-License-Identifier: GPL-2.0-only
import { shown, stored } from '../core/host-contents.js';
import { gmemBehind } from '../core/host-pages.js';
import type { Finding } from '../core/host-pages.js';
import { mapOf } from '../core/look.js';
import type { AllowedFault, Report } from '../core/outcome.js';
import { at, NOWHERE } from '../core/ranges.js';
import { always, effect, signal, silent, succeed } from '../core/rule.js';
import type { Effect, Rule, View } from '../core/rule.js';
import type { Id, State } from '../core/state.js';
import { reach, reached } from './reach.js';
import type { Reach } from './reach.js';

type Accessing = 'load' | 'store';

const SEGV_MAPERR = 1n;
const SEGV_ACCERR = 2n;
const BUS_ADRERR = 2n;
const BUS_MCEERR_AR = 4n;

type ReachOf<V extends Accessing> = (view: View<V>) => Reach | undefined;

const ofLoad: ReachOf<'load'> = (v) => reach(v, v.step, 'read', v.step.width);
const ofStore: ReachOf<'store'> = (v) => reach(v, v.step, 'write', v.step.width);

/** The pages that an access finds are in the page table from then on, and zero when nobody used them before. */
const touch = <V extends Accessing>(of: ReachOf<V>): Effect<V> =>
  effect('gmem.mmap.zero-fill', (v) => reached(v.state, of(v)));

/** What the kernel says to an access by an instruction, in the order of its questions (mm/memory.c handle_mm_fault). */
function refusals<V extends Accessing>(of: ReachOf<V>): readonly Rule<V>[] {
  const refused = (id: string, finding: Finding, name: AllowedFault['signal'], code: bigint): Rule<V> =>
    signal(
      id,
      (v) => of(v)?.finding === finding,
      (v) => ({ signal: name, code, at: of(v)?.at ?? 0n }),
      // An access that crosses into the page has found the one before it.
      [touch(of)],
    );
  return [
    refused('gmem.mmap.munmap-keeps', 'nothing mapped', 'SIGSEGV', SEGV_MAPERR),
    refused('gmem.mmap.protection-sigsegv', 'forbidden', 'SIGSEGV', SEGV_ACCERR),
    refused('gmem.mmap.guard-region', 'guard', 'SIGSEGV', SEGV_MAPERR),
    refused('gmem.mmap.poisoned-sigbus', 'failed memory', 'SIGBUS', BUS_MCEERR_AR),
    refused('gmem.mmap.eof-sigbus', 'beyond the end', 'SIGBUS', BUS_ADRERR),
    refused('gmem.host.private-sigbus', 'private', 'SIGBUS', BUS_ADRERR),
  ];
}

/** Load from a mapping. */
export const LOAD: readonly Rule<'load'>[] = [
  ...refusals(ofLoad),
  succeed('gmem.mmap.coherent', (v) => ofLoad(v)?.finding === 'page', {
    report: loaded,
    effects: [touch(ofLoad)],
  }),
];

function loaded(v: View<'load'>): Report {
  const r = ofLoad(v);
  if (!r) return {};
  const value = shown(v.state, r.map.it, r.start, Number(v.step.width), v.world.pageSize);
  return { value: typeof value === 'bigint' ? value : 'any' };
}

/** Store to a mapping. */
export const STORE: readonly Rule<'store'>[] = [
  ...refusals(ofStore),
  succeed('gmem.mmap.coherent', (v) => ofStore(v)?.finding === 'page', {
    effects: [touch(ofStore), effect('gmem.mmap.coherent', written)],
  }),
];

function written(v: View<'store'>): State {
  const { state, step, world } = v;
  const r = ofStore(v);
  return r ? stored(state, r.map.it, r.start, Number(step.width), step.value, world.pageSize) : state;
}

/** Whether a page is in the page tables of the running process (fs/proc/task_mmu.c pagemap_page_category). */
export const PAGEMAP: readonly Rule<'pagemap'>[] = [
  silent((v) => reach(v, v.step, 'none', 1n) === undefined),
  // The parent may have split the mapping, and only a part of it be copied.
  silent((v) => partlyCopied(v)),
  // Of other memory the kernel maps pages around those that are touched, and huge pages.
  silent(({ state, step }) => gmemOfMap(state, step.map) === undefined),
  succeed('linux.pagemap.present', always, {
    report: ({ state, step, world }) => {
      const page = Number(step.offset / BigInt(world.pageSize));
      return { present: at(mapOf(state, step.map)?.it.present ?? NOWHERE, page) ? 1n : 0n };
    },
  }),
];

function partlyCopied({ state, step }: View<'pagemap'>): boolean {
  const map = mapOf(state, step.map)?.it;
  return map?.copiedOnFork === true && map.prot.length > 1;
}

function gmemOfMap(state: State, name: string): Id | undefined {
  const map = mapOf(state, name);
  return map && gmemBehind(state, map.it)?.id;
}
