// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CONVERT, CONVERT_RAW, SET_ATTRIBUTES } from './convert.js';

/** Rules of conversion of the pages of a guest_memfd. */
export const GMEM_RULES: RuleBook = {
  set_attributes: SET_ATTRIBUTES,
  convert: CONVERT,
  convert_raw: CONVERT_RAW,
};
