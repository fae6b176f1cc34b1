// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';

/** Rules of memslots, and what vCPUs do with them. */
export const SLOT_RULES: RuleBook = {};
