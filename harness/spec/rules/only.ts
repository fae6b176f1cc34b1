// SPDX-License-Identifier: GPL-2.0-only
import type { Rule } from '../core/rule.js';
import type { FdOp } from '../../program/fd-ops.js';
import type { MapOp } from '../../program/map-ops.js';

/** Rules of some calls among those that a verb stands for. */
export const onlyFdOps = (ops: readonly FdOp[], rules: readonly Rule<'fd_op'>[]): readonly Rule<'fd_op'>[] =>
  rules.map((rule) => ({ ...rule, when: (view) => ops.includes(view.step.op) && rule.when(view) }));

/** Rules of one call among those that a verb stands for. */
export const onlyMapOp = (op: MapOp, rules: readonly Rule<'map_op'>[]): readonly Rule<'map_op'>[] =>
  rules.map((rule) => ({ ...rule, when: (view) => view.step.op === op && rule.when(view) }));
