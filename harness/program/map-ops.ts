// SPDX-License-Identifier: GPL-2.0-only
/** System calls on a range of a mapping, for the `map_op` verb. */
export const MAP_OPS = [
  'munmap', 'mprotect', 'madvise', 'mlock', 'msync', 'mincore', 'mbind', 'mremap',
] as const; // prettier-ignore
export type MapOp = (typeof MAP_OPS)[number];
