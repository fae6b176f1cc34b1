// SPDX-License-Identifier: GPL-2.0-only
import type { RuleBook } from '../core/step.js';
import { CHECK_EXTENSION } from './check-extension.js';
import { CREATE_VCPU } from './create-vcpu.js';
import { CREATE_VM } from './create-vm.js';
import { CLOSE, DUP, OPEN, SEND_FD } from './descriptors.js';
import { ENABLE_CAP } from './enable-cap.js';
import { COMPAT_IOCTL, IOCTL } from './ioctl.js';
import { MODULE_PARAM } from './module-param.js';
import { BECOME, LIMIT, WAIT } from './process.js';
import { SET_VM_ATTRIBUTES } from './vm-attributes.js';

/** Rules of capabilities, VMs, descriptors, processes, and ioctls by number. */
export const SYSTEM_RULES: RuleBook = {
  check_extension: CHECK_EXTENSION,
  enable_cap: ENABLE_CAP,
  ioctl: IOCTL,
  compat_ioctl: COMPAT_IOCTL,
  module_param: MODULE_PARAM,
  set_vm_attributes: SET_VM_ATTRIBUTES,
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
