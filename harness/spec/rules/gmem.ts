// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';

/** Rules of conversion of the pages of a guest_memfd. */
export const GMEM_RULES: RuleBook = {};
