// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CREATE_VM } from './create-vm.js';

/** Rules of capabilities, VMs, descriptors, processes, and ioctls by number. */
export const SYSTEM_RULES: RuleBook = {
  create_vm: CREATE_VM,
};
