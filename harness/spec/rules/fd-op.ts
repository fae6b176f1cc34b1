// SPDX-License-Identifier: GPL-2.0-only
import type { Rule } from '../core/rule.js';
export const FD_OP: readonly Rule<'fd_op'>[] = [];
