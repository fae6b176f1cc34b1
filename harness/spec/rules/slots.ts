// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { BIND } from './bind.js';
import { UNBIND } from './unbind.js';

/** Rules of memslots, and what vCPUs do with them. */
export const SLOT_RULES: RuleBook = { bind: BIND, unbind: UNBIND };
