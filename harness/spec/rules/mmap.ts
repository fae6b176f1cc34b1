// SPDX-License-Identifier: GPL-2.0-only
import { reachable, touched } from '../core/host-pages.js';
import { fileId, gmemOf, mapOf } from '../core/look.js';
import { ZERO } from '../core/memory.js';
import type { Mapping } from '../core/objects.js';
import { NOWHERE, put } from '../core/ranges.js';
import { effect, refuse, mayRefuse, silent, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { set, withMapChanged, withMapping } from '../core/state.js';
import type { State } from '../core/state.js';
import { pageAligned, pageOf, pagesIn, u64, WRAP } from './argument.js';
import { noIoctl } from './ioctl-target.js';
import { addressSpace, ANY_ACCESS, legacyFlags, MAP, MAP_TYPE, MUCH_MEMORY, PROT } from './mmap-flags.js';

type V = View<'mmap'>;

const flagsOf = ({ step }: V): bigint =>
  u64(step.flags ?? (step.of === undefined ? MAP.PRIVATE | MAP.ANONYMOUS : MAP.SHARED));
const typeOf = (v: V): bigint => flagsOf(v) & MAP_TYPE;
const isAnonymous = (v: V): boolean => (flagsOf(v) & MAP.ANONYMOUS) !== 0n;
const ofFile = (v: V): boolean => !isAnonymous(v);
const has = (v: V, flag: bigint): boolean => (flagsOf(v) & flag) !== 0n;
const gmemIn = ({ state, step }: V): ReturnType<typeof gmemOf> =>
  step.of === undefined ? undefined : gmemOf(state, step.of);

const TYPES_OF_FILES: readonly bigint[] = [MAP.SHARED, MAP.PRIVATE, MAP.SHARED_VALIDATE];
const TYPES_OF_MEMORY: readonly bigint[] = [MAP.SHARED, MAP.PRIVATE];

/** Length in whole pages, bytes; more than 64 bits when it wraps. */
const roundedLength = ({ step, world }: V): bigint => {
  const page = BigInt(world.pageSize);
  return ((u64(step.length) + page - 1n) / page) * page;
};

/** The largest offset of a file (MAX_LFS_FILESIZE). */
const LOFF_MAX = (1n << 63n) - 1n;

/** mmap(2) without an address (mm/mmap.c ksys_mmap_pgoff, do_mmap; virt/kvm/guest_memfd.c kvm_gmem_mmap). */
export const MMAP: readonly Rule<'mmap'>[] = [
  // Address 0 is what the caller would insist on.
  silent((v) => has(v, MAP.FIXED) && !has(v, MAP.FIXED_NOREPLACE)),
  refuse(
    'gmem.mmap.argument-errnos',
    'EINVAL',
    ({ step, world }) => !pageAligned(step.offset, world.pageSize),
  ),
  refuse('gmem.fd.closed-ebadf', 'EBADF', (v) => ofFile(v) && !hasFile(v)),
  silent((v) => ofFile(v) && gmemIn(v) === undefined),
  refuse('gmem.mmap.flags-validated', 'EINVAL', (v) => ofFile(v) && has(v, MAP.HUGETLB)),
  silent((v) => has(v, MAP.HUGETLB) || has(v, MAP.FIXED_NOREPLACE)),
  refuse('gmem.mmap.argument-errnos', 'EINVAL', ({ step }) => step.length === 0n),
  refuse('gmem.mmap.argument-errnos', 'ENOMEM', (v) => roundedLength(v) >= WRAP),
  refuse('linux.mmap.address-space-enomem', 'ENOMEM', (v) => roundedLength(v) > addressSpace(v.world.arch)),
  mayRefuse(
    'linux.mmap.address-space-enomem',
    'ENOMEM',
    (v) => roundedLength(v) > addressSpace(v.world.arch) / 4n,
  ),
  refuse('gmem.mmap.argument-errnos', 'EOVERFLOW', (v) => ofFile(v) && endsBeyondLoff(v)),
  refuse(
    'gmem.mmap.flags-validated',
    'EOPNOTSUPP',
    (v) => ofFile(v) && typeOf(v) === MAP.SHARED_VALIDATE && has(v, ~legacyFlags(v.world.arch)),
  ),
  refuse('gmem.mmap.flags-validated', 'EINVAL', (v) => ofFile(v) && !TYPES_OF_FILES.includes(typeOf(v))),
  refuse('gmem.mmap.exec-eperm', 'EPERM', (v) => ofFile(v) && (v.step.prot & PROT.EXEC) !== 0n),
  refuse('gmem.mmap.flags-validated', 'EINVAL', (v) => ofFile(v) && has(v, MAP.GROWSDOWN)),
  refuse('gmem.mmap.enodev-without-flag', 'ENODEV', (v) => gmemIn(v)?.it.mappable === false),
  refuse('gmem.mmap.map-private-einval', 'EINVAL', (v) => ofFile(v) && typeOf(v) === MAP.PRIVATE),
  succeed('linux.mmap.of-file', ofFile, {
    effects: [
      effect('linux.mmap.of-file', withFileMapped),
      effect('gmem.mmap.populate-is-best-effort', withPagesPopulated),
      effect('linux.mmap.locked', withPagesLocked),
    ],
  }),
  silent((v) => has(v, MAP.GROWSDOWN) || typeOf(v) === MAP.DROPPABLE),
  refuse('linux.mmap.anonymous-type-einval', 'EINVAL', (v) => !TYPES_OF_MEMORY.includes(typeOf(v))),
  mayRefuse('linux.mmap.address-space-enomem', 'ENOMEM', (v) => roundedLength(v) > MUCH_MEMORY),
  succeed('linux.mmap.anonymous', isAnonymous, {
    effects: [
      effect('linux.mmap.anonymous', withMemoryMapped),
      effect('linux.mmap.populated', withPagesPopulated),
      effect('linux.mmap.locked', withPagesLocked),
    ],
  }),
];

const hasFile = ({ state, step }: V): boolean => step.of !== undefined && !noIoctl(state, step.of);

function endsBeyondLoff(v: V): boolean {
  const page = BigInt(v.world.pageSize);
  const length = roundedLength(v);
  return length > LOFF_MAX || u64(v.step.offset) / page > (LOFF_MAX - length) / page;
}

function newMapping(v: V): Omit<Mapping, 'file' | 'memory'> {
  const pages = pagesIn(v.step.length, v.world.pageSize);
  return {
    shared: typeOf(v) !== MAP.PRIVATE,
    firstPage: 0,
    length: v.step.length,
    prot: put(NOWHERE, 0, pages, v.step.prot & ANY_ACCESS),
    present: NOWHERE,
    locked: NOWHERE,
    notInChild: NOWHERE,
    guarded: NOWHERE,
    failed: NOWHERE,
  };
}

function withFileMapped(v: V): State {
  const { state, step, world } = v;
  const file = step.of === undefined ? undefined : fileId(state, step.of);
  const firstPage = pageOf(step.offset, world.pageSize);
  return withMapping(state, step.as, { ...newMapping(v), firstPage, ...(file !== undefined && { file }) });
}

function withMemoryMapped(v: V): State {
  const memory = v.state.nextId;
  const memories = set(v.state.memories, memory, { contents: ZERO, poisoned: NOWHERE });
  return withMapping({ ...v.state, nextId: memory + 1, memories }, v.step.as, { ...newMapping(v), memory });
}

/** Pages up to the first that cannot be had, without a word about that one (mm/gup.c __mm_populate). */
function withPagesPopulated(v: V): State {
  const map = mapOf(v.state, v.step.as);
  if (!map || !(has(v, MAP.POPULATE) || has(v, MAP.LOCKED))) return v.state;
  if (has(v, MAP.NONBLOCK) && !has(v, MAP.LOCKED)) return v.state;
  const found = reachable(v.state, map.it, 0, pagesIn(v.step.length, v.world.pageSize), 'read');
  return touched(v.state, map, 0, found);
}

function withPagesLocked(v: V): State {
  const map = mapOf(v.state, v.step.as);
  return map && has(v, MAP.LOCKED)
    ? withMapChanged(v.state, map.id, {
        locked: put(NOWHERE, 0, pagesIn(v.step.length, v.world.pageSize), true),
      })
    : v.state;
}
