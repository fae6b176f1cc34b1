// SPDX-License-Identifier: GPL-2.0-only
import { withGuardsTruncated, zapped } from '../core/host-pages.js';
import type { Found } from '../core/look.js';
import { zeroed } from '../core/memory.js';
import type { Gmem } from '../core/objects.js';
import { orphaned } from '../core/pins.js';
import { put } from '../core/ranges.js';
import { effect } from '../core/rule.js';
import type { Effect, View } from '../core/rule.js';
import { withGmemChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import type { VerbName } from '../../program/verbs.js';

/**
 * What a hole in a guest_memfd changes (virt/kvm/guest_memfd.c kvm_gmem_punch_hole). The states of its pages
 * are not among it.
 * @param file the guest_memfd of a step
 * @param pages first page of the hole and the page behind it; there may be none, and no file there
 */
export function hole<V extends VerbName>(
  file: (view: View<V>) => Found<Gmem> | undefined,
  pages: (view: View<V>) => readonly [number, number],
): readonly Effect<V>[] {
  const change =
    (apply: (state: State, gmem: Found<Gmem>, from: number, to: number) => State) =>
    (view: View<V>): State => {
      const gmem = file(view);
      const [from, to] = pages(view);
      return gmem ? apply(view.state, gmem, from, to) : view.state;
    };
  return [
    // First of all, as it looks at what is in the pages.
    effect(
      'gmem.fallocate.punch-ignores-pins',
      change((state, { id }, from, to) => orphaned(state, id, from, to)),
    ),
    effect('gmem.fallocate.punch-exact', change(withPagesFreed)),
    effect(
      'linux.madvise.guard-truncated',
      change((state, { id }, from, to) => withGuardsTruncated(state, id, from, to)),
    ),
    effect(
      'gmem.fallocate.punch-seen-everywhere',
      change((state, { id }, from, to) => zapped(state, id, from, to)),
    ),
  ];
}

function withPagesFreed(state: State, { id, it }: Found<Gmem>, from: number, to: number): State {
  return withGmemChanged(state, id, {
    contents: zeroed(it.contents, from, to),
    allocated: put(it.allocated, from, to, undefined),
    used: put(it.used, from, to, undefined),
    poisoned: put(it.poisoned, from, to, undefined),
  });
}
