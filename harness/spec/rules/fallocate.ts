// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf } from '../core/look.js';
import { put } from '../core/ranges.js';
import { always, effect, mayRefuse, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { withGmemChanged } from '../core/state.js';
import type { State } from '../core/state.js';
import { pageAligned, pageOf } from './argument.js';
import { hole } from './hole.js';
import { noIoctl } from './ioctl-target.js';

type V = View<'fallocate'>;

const KEEP_SIZE = 1n;
const PUNCH_HOLE = 2n;
/**
 * Modes that the VFS hands on: allocation, ZERO_RANGE and UNSHARE_RANGE with and without KEEP_SIZE, holes with
 * it, COLLAPSE_RANGE, INSERT_RANGE and WRITE_ZEROES without.
 */
const HANDED_ON: readonly bigint[] = [0n, 1n, 0x10n, 0x11n, 0x40n, 0x41n, 3n, 8n, 0x20n, 0x80n];
const LOFF_MAX = (1n << 63n) - 1n;

/** The mode is an int. */
const modeOf = ({ step }: V): bigint => BigInt.asUintN(32, step.mode);
const gmemIn = ({ state, step }: V): ReturnType<typeof gmemOf> => gmemOf(state, step.on);
const pages = ({ step, world }: V): [number, number] => [
  pageOf(step.offset, world.pageSize),
  pageOf(step.offset + step.length, world.pageSize),
];
const punches = (v: V): boolean => (modeOf(v) & PUNCH_HOLE) !== 0n;

/** fallocate(2) (fs/open.c vfs_fallocate, virt/kvm/guest_memfd.c kvm_gmem_fallocate). */
export const FALLOCATE: readonly Rule<'fallocate'>[] = [
  refuse('gmem.fd.closed-ebadf', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  refuse('gmem.fallocate.argument-first', 'EINVAL', ({ step }) => BigInt.asIntN(64, step.offset) < 0n),
  refuse('gmem.fallocate.argument-first', 'EINVAL', ({ step }) => BigInt.asIntN(64, step.length) <= 0n),
  refuse('gmem.fallocate.mode-eopnotsupp', 'EOPNOTSUPP', (v) => !HANDED_ON.includes(modeOf(v))),
  silent((v) => gmemIn(v) === undefined),
  refuse('gmem.fallocate.overflow-efbig', 'EFBIG', ({ step }) => step.offset + step.length > LOFF_MAX),
  refuse(
    'gmem.fallocate.mode-eopnotsupp',
    'EOPNOTSUPP',
    (v) => ![KEEP_SIZE, KEEP_SIZE | PUNCH_HOLE].includes(modeOf(v)),
  ),
  refuse(
    'gmem.fallocate.unaligned-einval',
    'EINVAL',
    ({ step, world }) => !pageAligned(step.offset, world.pageSize),
  ),
  refuse(
    'gmem.fallocate.unaligned-einval',
    'EINVAL',
    ({ step, world }) => !pageAligned(step.length, world.pageSize),
  ),
  succeed('gmem.fallocate.punch-exact', punches, { effects: hole(gmemIn, pages) }),
  refuse(
    'gmem.fallocate.allocate-beyond-eof-einval',
    'EINVAL',
    (v) => pages(v)[1] > (gmemIn(v)?.it.pages ?? 0),
  ),
  mayRefuse('gmem.fallocate.enomem', 'ENOMEM', ({ world }) => world.has('failing-allocations')),
  mayRefuse('gmem.fallocate.allocate-eintr', 'EINTR', ({ world }) => world.has('timer-signal')),
  succeed('gmem.fallocate.allocate-keeps', always, {
    effects: [effect('gmem.fallocate.allocate-keeps', withPagesAllocated)],
  }),
];

/** Folios exist from now on; they are zeroed when somebody uses them. */
function withPagesAllocated(v: V): State {
  const gmem = gmemIn(v);
  if (!gmem) return v.state;
  return withGmemChanged(v.state, gmem.id, { allocated: put(gmem.it.allocated, ...pages(v), true) });
}
