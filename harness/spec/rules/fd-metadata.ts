// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf } from '../core/look.js';
import type { Report } from '../core/outcome.js';
import { always, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { self } from '../core/state.js';
import { hasOtherBits, u64, WRAP } from './argument.js';

type V = View<'fd_op'>;

/** ftruncate(2), fchmod(2), fchown(2), utimensat(2) (virt/kvm/guest_memfd.c kvm_gmem_setattr). */
export const SETATTR: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.truncate-einval', 'EINVAL', ({ step }) => step.op === 'ftruncate'),
  // Who is not the owner is EACCES before the file is asked.
  silent(({ state, step }) => step.op === 'utimens' && self(state).uid !== 0n),
  refuse('gmem.fd.metadata-einval', 'EINVAL', ({ step }) => step.op !== 'ftruncate'),
];

/** fsync(2), fdatasync(2). */
export const SYNC: readonly Rule<'fd_op'>[] = [refuse('gmem.fd.fsync-einval', 'EINVAL', always)];

/** SYNC_FILE_RANGE_* */
const SYNC_FLAGS = 7n;
const SIGN = 1n << 63n;
const endOf = ({ step }: V): bigint => (u64(step.offset) + u64(step.length)) % WRAP;

/** sync_file_range(2) (fs/sync.c sync_file_range). */
export const SYNC_FILE_RANGE: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.sync-file-range', 'EINVAL', ({ step }) =>
    hasOtherBits(BigInt.asUintN(32, step.arg), SYNC_FLAGS),
  ),
  refuse('gmem.fd.sync-file-range', 'EINVAL', ({ step }) => u64(step.offset) >= SIGN),
  refuse('gmem.fd.sync-file-range', 'EINVAL', (v) => endOf(v) >= SIGN),
  refuse('gmem.fd.sync-file-range', 'EINVAL', (v) => endOf(v) < v.step.offset),
  succeed('gmem.fd.sync-file-range', always),
];

const LAST_ADVICE = 5n;

/** posix_fadvise(2) (mm/fadvise.c generic_fadvise). */
export const FADVISE: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.fadvise', 'EINVAL', ({ step }) => u64(step.length) >= SIGN),
  refuse('gmem.fd.fadvise', 'EINVAL', ({ step }) => BigInt.asUintN(32, step.arg) > LAST_ADVICE),
  succeed('gmem.fd.fadvise', always),
];

/** readahead(2) (mm/readahead.c ksys_readahead). */
export const READAHEAD: readonly Rule<'fd_op'>[] = [refuse('gmem.fd.readahead-einval', 'EINVAL', always)];

/** getdents64(2) (fs/readdir.c iterate_dir). */
export const GETDENTS: readonly Rule<'fd_op'>[] = [refuse('gmem.fd.getdents-enotdir', 'ENOTDIR', always)];

const REGULAR_0600 = 0o100600n;

/** fstat(2). */
export const FSTAT: readonly Rule<'fd_op'>[] = [
  succeed('gmem.create.file-kind', always, {
    report: (v) => ({
      st_mode: REGULAR_0600,
      st_nlink: 1n,
      st_ino: 'any',
      st_blksize: BigInt(v.world.pageSize),
      ...sizes(v),
    }),
  }),
];

/** Allocated pages are no blocks (gmem.fd.blocks-stay-zero). */
function sizes({ state, step, world }: V): Report {
  const pages = gmemOf(state, step.on)?.it.pages ?? 0;
  return { st_size: BigInt(pages) * BigInt(world.pageSize), st_blocks: 0n };
}

/** GUEST_MEMFD_MAGIC */
const MAGIC = 0x474d454dn;

/** fstatfs(2). */
export const FSTATFS: readonly Rule<'fd_op'>[] = [
  succeed('gmem.create.filesystem-magic', always, { report: () => ({ f_type: MAGIC }) }),
];
