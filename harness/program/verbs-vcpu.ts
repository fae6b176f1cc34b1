// SPDX-License-Identifier: GPL-2.0-only
import { num, nums, pointer, ref, FD_KINDS } from './params.js';
import { gpa, vcpu, state, EXIT } from './verb.js';
import type { Verb } from './verb.js';

/** Verbs of vCPUs and what the guest does. */
export const VCPU_VERBS = {
  vcpu_load: {
    about: 'the guest loads 8 bytes; errno is that of KVM_RUN',
    params: { vcpu, gpa },
    primary: 'gpa',
    reports: ['value', ...EXIT],
    features: ['vcpu'],
  },
  vcpu_store: {
    about: 'the guest stores 8 bytes; errno is that of KVM_RUN',
    params: { vcpu, gpa, value: num('value') },
    reports: [...EXIT],
    features: ['vcpu'],
  },
  vcpu_hypercall: {
    about:
      'the guest asks by KVM_HC_MAP_GPA_RANGE; value is what it sees in rax when it goes on without an exit',
    params: { vcpu, gpa, pages: num('pages of 4 KiB'), to: state },
    reports: ['value', 'nr', 'arg0', 'arg1', 'arg2', ...EXIT],
    features: ['vcpu', 'exit-hypercall', 'guest-hypercall'],
  },
  vcpu_return: {
    about: 'complete a hypercall and go on; value is what the guest sees in rax',
    params: { vcpu, value: num('what the hypercall returns') },
    primary: 'value',
    reports: ['value', ...EXIT],
    features: ['vcpu', 'exit-hypercall', 'guest-hypercall'],
  },
  pre_fault: {
    about: 'KVM_PRE_FAULT_MEMORY',
    params: {
      vcpu: ref('the vCPU, or another fd to ask instead', FD_KINDS, 'vcpu'),
      gpa,
      size: num('bytes'),
      flags: num('flags', 0n),
      padding: nums('padding words', 5),
      arg: pointer,
    },
    reports: ['gpa', 'size'],
  },
} as const satisfies Readonly<Record<string, Verb>>;
