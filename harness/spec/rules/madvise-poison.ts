// SPDX-License-Identifier: GPL-2.0-only
import { find } from '../core/host-pages.js';
import type { Finding } from '../core/host-pages.js';
import { put } from '../core/ranges.js';
import { effect, always, refuse, silent } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { self, withGmemChanged } from '../core/state.js';
import type { Id, Process, State } from '../core/state.js';
import type { Mapping } from '../core/objects.js';
import { gmemBehind } from '../core/host-pages.js';
import { firstPageOf, gmemOfMap, mapIn, filePagesOf } from './map-range.js';
import type { MapCall } from './map-range.js';

/** MADV_HWPOISON (mm/madvise.c madvise_inject_error, mm/memory-failure.c memory_failure): page by page. */
export const HWPOISON: readonly Rule<'map_op'>[] = [
  refuse('linux.madvise.hwpoison-eperm', 'EPERM', ({ state }) => self(state).uid !== 0n),
  silent((v) => gmemOfMap(v) === undefined),
  refuse('gmem.host.private-kernel-efault', 'EFAULT', (v) => finds(v, 'private')),
  refuse('gmem.mmap.eof-kernel-efault', 'EFAULT', (v) => finds(v, 'beyond the end')),
  refuse('linux.madvise.hwpoison-efault', 'EFAULT', (v) =>
    finds(v, 'nothing mapped', 'forbidden', 'guard', 'failed memory'),
  ),
  // The page stays in the file, and so counts as one that could not be got rid of.
  refuse('linux.madvise.hwpoison-ebusy', 'EBUSY', always, {
    effects: [
      effect('gmem.mmap.poisoned-sigbus', withPagePoisoned),
      effect('linux.madvise.hwpoison-marks', withEntriesMarked),
    ],
  }),
];

/** Whether the first page is one of these to a reference. */
function finds(v: MapCall, ...findings: readonly Finding[]): boolean {
  const map = mapIn(v);
  return map !== undefined && findings.includes(find(v.state, map.it, firstPageOf(v), 'get'));
}

/** The first page, after which the call gives up. */
function withPagePoisoned(v: MapCall): State {
  const gmem = gmemOfMap(v);
  const [page] = filePagesOf(v);
  if (!gmem) return v.state;
  const { allocated, used, poisoned } = gmem.it;
  return withGmemChanged(v.state, gmem.id, {
    allocated: put(allocated, page, page + 1, true),
    used: put(used, page, page + 1, true),
    poisoned: put(poisoned, page, page + 1, true),
  });
}

/** Every page table that has the page says from now on that it failed. */
function withEntriesMarked(v: MapCall): State {
  const gmem = gmemOfMap(v)?.id;
  const [page] = filePagesOf(v);
  const processes = new Map<Id, Process>(v.state.processes);
  for (const [pid, process] of v.state.processes) {
    const maps = new Map<Id, Mapping>(process.maps);
    for (const [id, map] of process.maps) {
      const at = page - map.firstPage;
      const has = map.present.some((run) => run.from <= at && at < run.to);
      const here = pid === v.state.running && id === mapIn(v)?.id;
      if (gmemBehind(v.state, map)?.id !== gmem || !(has || here)) continue;
      maps.set(id, {
        ...map,
        present: put(map.present, at, at + 1, undefined),
        failed: put(map.failed, at, at + 1, true),
      });
    }
    processes.set(pid, { ...process, maps });
  }
  return { ...v.state, processes };
}
