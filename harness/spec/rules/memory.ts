// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { LOAD, PAGEMAP, STORE } from './access.js';
import { PIN, UNPIN } from './pin.js';
import { TOUCH } from './touch.js';

/** Rules of accesses through mappings, and what holds pages. */
export const MEMORY_RULES: RuleBook = {
  load: LOAD,
  store: STORE,
  pagemap: PAGEMAP,
  touch: TOUCH,
  pin: PIN,
  unpin: UNPIN,
};
