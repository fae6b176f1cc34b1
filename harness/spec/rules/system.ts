// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CREATE_VCPU } from './create-vcpu.js';
import { CREATE_VM } from './create-vm.js';
import { CLOSE, DUP, OPEN, SEND_FD } from './descriptors.js';
import { BECOME, LIMIT, WAIT } from './process.js';

/** Rules of capabilities, VMs, descriptors, processes, and ioctls by number. */
export const SYSTEM_RULES: RuleBook = {
  create_vm: CREATE_VM,
  create_vcpu: CREATE_VCPU,
  open: OPEN,
  dup: DUP,
  send_fd: SEND_FD,
  close: CLOSE,
  wait: WAIT,
  limit: LIMIT,
  become: BECOME,
};
