// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CREATE_GMEM } from './create-gmem.js';
import { FALLOCATE } from './fallocate.js';
import { FD_OP } from './fd-op.js';
import { MAP_OP } from './map-op.js';
import { MMAP } from './mmap.js';

/** Rules of guest_memfd files: making them, file operations, mappings. */
export const FILE_RULES: RuleBook = {
  create_gmem: CREATE_GMEM,
  fallocate: FALLOCATE,
  fd_op: FD_OP,
  map_op: MAP_OP,
  mmap: MMAP,
};
