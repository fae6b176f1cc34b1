// SPDX-License-Identifier: GPL-2.0-only
import { gmemOf, openFile, otherOf } from '../core/look.js';
import { always, refuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { u64 } from './argument.js';
import { noIoctl } from './ioctl-target.js';

type V = View<'fd_op'>;

const isNegative = ({ step }: V): boolean => BigInt.asIntN(64, step.offset) < 0n;
/** A position of -1, which preadv2 and pwritev2 take for the current one. */
const isCurrent = ({ step }: V): boolean => step.op.endsWith('v2') && u64(step.offset) === u64(-1n);

/** pread(2) and its kin refuse a negative position before the descriptor (fs/read_write.c). */
export const NEGATIVE_FIRST: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.negative-position-einval', 'EINVAL', (v) => isNegative(v) && !isCurrent(v)),
];

/** At a position: the file has none (fs/file_table.c alloc_file_pseudo leaves out FMODE_PREAD, FMODE_PWRITE). */
export const POSITIONED: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.negative-position-einval', 'EINVAL', isCurrent),
  refuse('gmem.fd.positioned-espipe', 'ESPIPE', always),
];

/** read(2), write(2), readv(2), writev(2): there is no operation for them. */
export const READ_WRITE: readonly Rule<'fd_op'>[] = [refuse('gmem.fd.read-write-einval', 'EINVAL', always)];

const SEEK_HOLE = 4n;

/** lseek(2) (fs/read_write.c ksys_lseek, vfs_llseek). */
export const LSEEK: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.lseek-espipe', 'EINVAL', ({ step }) => BigInt.asUintN(32, step.arg) > SEEK_HOLE),
  refuse('gmem.fd.lseek-espipe', 'ESPIPE', always),
];

/** splice(2) of no bytes ends before it looks at its descriptors. */
export const NOTHING_FIRST: readonly Rule<'fd_op'>[] = [
  succeed('linux.splice.nothing', ({ step }) => step.length === 0n, { report: () => ({ value: 0n }) }),
];

/** splice(2) between the file and a pipe (fs/splice.c do_splice). */
export const SPLICE: readonly Rule<'fd_op'>[] = [refuse('gmem.fd.splice-einval', 'EINVAL', always)];

/** sendfile(2) to or from a memfd (fs/read_write.c do_sendfile, fs/splice.c splice_direct_to_actor). */
export const SENDFILE: readonly Rule<'fd_op'>[] = [
  refuse('gmem.fd.sendfile', 'ESPIPE', ({ step }) => step.op === 'sendfile_from_off'),
  succeed('linux.sendfile.nothing', ({ step }) => step.op === 'sendfile_to' && step.length === 0n, {
    report: () => ({ value: 0n }),
  }),
  refuse('gmem.fd.sendfile', 'EINVAL', always),
];

/** The other guest_memfd of a copy between two. */
const otherGmem = ({ state, step }: V): ReturnType<typeof gmemOf> =>
  step.to === undefined ? undefined : gmemOf(state, step.to);

/** The other file is a guest_memfd, or one of a file system: a memfd when none is named. */
const isWithPages = (v: V): boolean =>
  v.step.to === undefined || otherGmem(v) !== undefined || otherOf(v.state, v.step.to)?.it.kind === 'memfd';

/** Whether O_APPEND or the like was set on a descriptor. */
const hasStatus = ({ state }: V, name: string | undefined): boolean =>
  name !== undefined && openFile(state, name)?.status !== undefined;

/** Whether a copy has nothing to take: the file that it reads ends where it begins. */
function startsAtEnd(v: V): boolean {
  const { state, step, world } = v;
  const [source, position] =
    step.op === 'copy_from' ? [gmemOf(state, step.on), step.offset] : [otherGmem(v), 0n];
  return source !== undefined && position >= BigInt(source.it.pages) * BigInt(world.pageSize);
}

const NOTHING_COPIED = { report: () => ({ value: 0n }) };

/**
 * copy_file_range(2) from the file's `offset` to the start of the other, or from the other's start to `offset`
 * (fs/read_write.c vfs_copy_file_range).
 */
export const COPY: readonly Rule<'fd_op'>[] = [
  refuse(
    'gmem.fd.closed-ebadf',
    'EBADF',
    ({ state, step }) => step.to !== undefined && noIoctl(state, step.to),
  ),
  silent((v) => !isWithPages(v) || hasStatus(v, v.step.on) || hasStatus(v, v.step.to)),
  refuse('gmem.fd.copy-file-range', 'EXDEV', (v) => otherGmem(v) === undefined),
  silent((v) => isNegative(v) || BigInt.asIntN(64, v.step.length) < 0n),
  succeed('gmem.fd.copy-file-range', startsAtEnd, NOTHING_COPIED),
  succeed('linux.copy-file-range.nothing', ({ step }) => step.length === 0n, NOTHING_COPIED),
  refuse('gmem.fd.copy-file-range', 'EINVAL', always),
];
