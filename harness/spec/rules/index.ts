// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { FILE_RULES } from './files.js';
import { GMEM_RULES } from './gmem.js';
import { MEMORY_RULES } from './memory.js';
import { SLOT_RULES } from './slots.js';
import { SYSTEM_RULES } from './system.js';

/** The contract: rules of every verb in the order of the kernel's checks. */
export const RULES: RuleBook = {
  ...SYSTEM_RULES,
  ...FILE_RULES,
  ...MEMORY_RULES,
  ...SLOT_RULES,
  ...GMEM_RULES,
};
