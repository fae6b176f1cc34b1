// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { BIND } from './bind.js';
import { VCPU_LOAD, VCPU_STORE } from './guest-access.js';
import { VCPU_HYPERCALL, VCPU_RETURN } from './guest-hypercall.js';
import { PRE_FAULT } from './pre-fault.js';
import { UNBIND } from './unbind.js';

/** Rules of memslots, and what vCPUs do with them. */
export const SLOT_RULES: RuleBook = {
  bind: BIND,
  unbind: UNBIND,
  vcpu_load: VCPU_LOAD,
  vcpu_store: VCPU_STORE,
  vcpu_hypercall: VCPU_HYPERCALL,
  vcpu_return: VCPU_RETURN,
  pre_fault: PRE_FAULT,
};
