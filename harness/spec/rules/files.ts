// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CREATE_GMEM } from './create-gmem.js';

/** Rules of guest_memfd files: making them, file operations, mappings. */
export const FILE_RULES: RuleBook = {
  create_gmem: CREATE_GMEM,
};
