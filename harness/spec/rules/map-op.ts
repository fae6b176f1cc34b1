// SPDX-License-Identifier: GPL-2.0-only
import type { Rule } from '../core/rule.js';
import { MADVISE } from './madvise.js';
import { MREMAP, MUNMAP } from './map-layout.js';
import { MBIND, MINCORE, MSYNC } from './map-calls.js';
import { MLOCK, MPROTECT } from './map-protection.js';
import { onlyMapOp } from './only.js';

/** System calls on a range of a mapping. */
export const MAP_OP: readonly Rule<'map_op'>[] = [
  ...onlyMapOp('madvise', MADVISE),
  ...onlyMapOp('munmap', MUNMAP),
  ...onlyMapOp('mprotect', MPROTECT),
  ...onlyMapOp('mlock', MLOCK),
  ...onlyMapOp('mremap', MREMAP),
  ...onlyMapOp('msync', MSYNC),
  ...onlyMapOp('mincore', MINCORE),
  ...onlyMapOp('mbind', MBIND),
];
