// SPDX-License-Identifier: GPL-2.0-only
import type { TouchRoute } from '../../program/touch-routes.js';
import { copied, shown } from '../core/host-contents.js';
import type { Finding } from '../core/host-pages.js';
import type { Word } from '../core/memory.js';
import type { Report } from '../core/outcome.js';
import { always, effect, mayRefuse, maySucceed, refuse, silent, succeed } from '../core/rule.js';
import type { Effect, Rule, View } from '../core/rule.js';
import type { State } from '../core/state.js';
import { pageAligned } from './argument.js';
import { held } from './hold.js';
import { reach, reached } from './reach.js';
import type { Reach } from './reach.js';
import { ROUTES } from './touch-route.js';
import type { Route } from './touch-route.js';

type V = View<'touch'>;

const FUTEX_WORD = 4n;
/** What the buffers of the routes have room for, bytes (harness/lower/touch.ts). */
const ROOM = 4n * 65536n;
/** Buffers of a pipe (fs/pipe.c PIPE_DEF_BUFFERS). */
const PIPE_PAGES = 16;

const POPULATE: readonly TouchRoute[] = ['populate_read', 'populate_write'];
const PROC_MEM: readonly TouchRoute[] = ['proc_mem_read', 'proc_mem_write'];
const PINNING: readonly TouchRoute[] = ['vmsplice_read', 'io_uring_buffer'];
const FUTEX: readonly TouchRoute[] = ['futex_wake', 'futex_wait'];
const PIPES: readonly TouchRoute[] = ['pipe_read', 'pipe_write', 'vmsplice_read'];

const routeOf = ({ step }: V): Route => ROUTES[step.how];
const by = ({ step }: V, routes: readonly TouchRoute[]): boolean => routes.includes(step.how);

function reachOf(v: V): Reach | undefined {
  const length = by(v, FUTEX) ? FUTEX_WORD : v.step.length;
  return reach(v, v.step, routeOf(v).access, length);
}

/** Bytes of a call that met a page which refused it. */
function taken(v: V): number {
  const bytes = reachOf(v)?.bytes ?? 0;
  switch (routeOf(v).ending) {
    case 'short':
      return bytes;
    case 'by pages':
      return bytes - (bytes % v.world.pageSize);
    case 'whole':
      return 0;
  }
}

/** The pages before the one that refused were touched, and written as far as the copy came. */
const effects: readonly Effect<'touch'>[] = [
  effect('gmem.mmap.zero-fill', (v) => reached(v.state, reachOf(v))),
  effect('gmem.mmap.kernel-writes', withBytesWritten),
];

function withBytesWritten(v: V): State {
  const r = reachOf(v);
  const { writes } = routeOf(v);
  if (!r || writes === undefined) return v.state;
  return copied(v.state, r.map, r.start, r.bytes, writes, v.world.pageSize);
}

/** Nothing was taken before a page refused the call. */
const refused = (
  id: string,
  errno: string,
  finding: Finding,
  routes?: readonly TouchRoute[],
): Rule<'touch'> =>
  refuse(
    id,
    errno,
    (v) => reachOf(v)?.finding === finding && taken(v) === 0 && (routes === undefined || by(v, routes)),
    // What ends short has found no page when it took nothing.
    { effects: routes === PROC_MEM ? [] : effects },
  );

/** A call that takes references keeps those it got. */
const holdOfPipe: Effect<'touch'> = effect('gmem.pin.vmsplice', (v) =>
  v.step.how === 'vmsplice_read' ? withPagesHeld(v) : v.state,
);
const holds: readonly Effect<'touch'>[] = [
  holdOfPipe,
  effect('gmem.pin.io-uring', (v) => (v.step.how === 'io_uring_buffer' ? withPagesHeld(v) : v.state)),
];

function withPagesHeld(v: V): State {
  const { holds: how } = routeOf(v);
  const r = reachOf(v);
  return how && r ? held(v.state, r, how).state : v.state;
}

/** Something was. */
const short = (id: string, finding: Finding): Rule<'touch'> =>
  succeed(id, (v) => reachOf(v)?.finding === finding, {
    report: (v) => ({ value: BigInt(taken(v)) }),
    effects: [...effects, holdOfPipe],
  });

const done = (v: V): Report => ({ value: routeOf(v).returns === 'bytes' ? v.step.length : 0n });

/** The word of a futex, which harness/lower/touch.ts expects to be 1. */
function wordOf(v: V): Word {
  const r = reachOf(v);
  return r ? shown(v.state, r.map.it, r.start, Number(FUTEX_WORD), v.world.pageSize) : 'unknown';
}
const waits = (v: V, word: (value: Word) => boolean): boolean =>
  v.step.how === 'futex_wait' && word(wordOf(v));

/** More than the buffers take, so that a call comes to something else than what it is for. */
function tooLong(v: V): boolean {
  const pages = reachOf(v)?.pages ?? 0;
  return (by(v, PIPES) && pages > PIPE_PAGES) || (routeOf(v).returns === 'bytes' && v.step.length > ROOM);
}

/**
 * arm64 copies 64 bytes at once and counts what it has not done by the first of them that fails
 * (arch/arm64/lib/copy_template.S), so that nobody knows how far into its page the copy came.
 */
const inexact = (v: V): boolean =>
  v.world.arch === 'aarch64' &&
  routeOf(v).copies === true &&
  v.step.how !== 'pipe_read' &&
  reachOf(v)?.finding !== 'page' &&
  (reachOf(v)?.bytes ?? 0) % v.world.pageSize > surelyCounted(v);
/** Bytes before a page that refuses of which a copy knows that they were done. Measured: getrandom counts fewer. */
const surelyCounted = (v: V): number => (v.step.how === 'getrandom_write' && v.step.length >= 16n ? 1 : 8);

/**
 * Whether /proc/self/mem asks for rights is the kernel's configuration (PROC_MEM_FORCE_PTRACE, fs/proc/base.c
 * proc_mem_foll_force), but for writing to a shared mapping, which nothing forces (mm/gup.c check_vma_flags).
 */
const perhapsForced = (v: V): boolean =>
  by(v, PROC_MEM) &&
  reachOf(v)?.finding === 'forbidden' &&
  !(v.step.how === 'proc_mem_write' && reachOf(v)?.map.it.shared === true);

/** The futex of a private page is found by the page, which must be the process's own (kernel/futex/core.c get_futex_key). */
const readOnlyFutex = (v: V): boolean => {
  const r = reachOf(v);
  return by(v, FUTEX) && r?.map.it.shared === false;
};

/** Accesses of the kernel on behalf of a process. */
export const TOUCH: readonly Rule<'touch'>[] = [
  silent((v) => reachOf(v) === undefined || tooLong(v) || inexact(v) || perhapsForced(v) || readOnlyFutex(v)),
  refuse('linux.futex.unaligned-einval', 'EINVAL', (v) => by(v, FUTEX) && v.step.offset % FUTEX_WORD !== 0n),
  refuse(
    'gmem.mmap.unaligned-einval',
    'EINVAL',
    (v) => by(v, POPULATE) && !pageAligned(v.step.offset, v.world.pageSize),
  ),
  refused('linux.mm.nothing-mapped', 'ENOMEM', 'nothing mapped', POPULATE),
  refused('linux.mm.nothing-mapped', 'EIO', 'nothing mapped', PROC_MEM),
  refused('linux.mm.nothing-mapped', 'EFAULT', 'nothing mapped'),
  refused('gmem.mmap.kernel-respects-protection', 'EINVAL', 'forbidden', POPULATE),
  refused('linux.mm.proc-mem-eio', 'EIO', 'forbidden', PROC_MEM),
  refused('gmem.mmap.kernel-respects-protection', 'EFAULT', 'forbidden'),
  refused('linux.mm.proc-mem-eio', 'EIO', 'guard', PROC_MEM),
  refused('gmem.mmap.guard-region', 'EFAULT', 'guard'),
  refused('linux.mm.populate-ehwpoison', 'EHWPOISON', 'failed memory', POPULATE),
  refused('linux.mm.proc-mem-eio', 'EIO', 'failed memory', PROC_MEM),
  refused('gmem.mmap.poisoned-sigbus', 'EFAULT', 'failed memory'),
  refused('gmem.mmap.eof-kernel-efault', 'EIO', 'beyond the end', PROC_MEM),
  refused('gmem.mmap.eof-kernel-efault', 'EFAULT', 'beyond the end'),
  refused('gmem.host.private-proc-mem-eio', 'EIO', 'private', PROC_MEM),
  refused('gmem.host.private-pin-efault', 'EFAULT', 'private', PINNING),
  refused('gmem.host.private-kernel-efault', 'EFAULT', 'private'),
  short('gmem.mmap.eof-copy-short', 'beyond the end'),
  short('gmem.host.private-copy-short', 'private'),
  short('linux.mm.copy-short', 'nothing mapped'),
  short('linux.mm.copy-short', 'forbidden'),
  short('linux.mm.copy-short', 'guard'),
  short('linux.mm.copy-short', 'failed memory'),
  maySucceed('linux.futex.woken', (v) => v.step.how === 'futex_wait' && v.world.concurrent === true, {
    report: done,
    effects,
  }),
  mayRefuse('gmem.mmap.kernel-reads', 'EAGAIN', (v) => waits(v, (word) => word === 'unknown'), { effects }),
  refuse('gmem.mmap.kernel-reads', 'EAGAIN', (v) => waits(v, (word) => word !== 'unknown' && word !== 1n), {
    effects,
  }),
  refuse('gmem.mmap.kernel-reads', 'ETIMEDOUT', (v) => v.step.how === 'futex_wait', { effects }),
  succeed('linux.futex.woken', (v) => v.step.how === 'futex_wake' && v.world.concurrent === true, {
    report: () => ({ value: 'any' }),
    effects,
  }),
  succeed('gmem.mmap.kernel-writes', (v) => routeOf(v).writes !== undefined, { report: done, effects }),
  succeed('gmem.mmap.advice-accepted', (v) => by(v, POPULATE), { report: done, effects }),
  succeed('gmem.mmap.kernel-reads', always, { report: done, effects: [...effects, ...holds] }),
];
