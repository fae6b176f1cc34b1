// SPDX-License-Identifier: GPL-2.0-only
import { num, oneOf, steps, threads, word } from './params.js';
import type { Verb } from './verb.js';

/** Verbs of processes, and the machine around them. */
export const PROCESS_VERBS = {
  fork: {
    about: 'run steps in a forked child and wait for it',
    params: { steps: steps('steps of the child') },
    reports: [],
    features: ['fork'],
  },
  parallel: {
    about:
      'run two to four threads of steps at the same time, in this process; a step without an expectation may do whatever the specification allows',
    params: { threads: threads('the steps of each thread') },
    primary: 'threads',
    reports: [],
    features: ['threads'],
    hazard: true,
  },
  become: {
    about: 'give up the identity and the capabilities of this process; in the steps of a fork',
    params: { uid: num('user and group id', 65534n) },
    primary: 'uid',
    reports: [],
    features: ['fork', 'become'],
  },
  wait: {
    about: 'let time pass',
    params: { ms: num('milliseconds') },
    primary: 'ms',
    reports: [],
  },
  module_param: {
    about: 'read a parameter of the kvm module; Y and N are 1 and 0',
    params: { name: word('name of the parameter') },
    primary: 'name',
    reports: ['value'],
  },
  limit: {
    about: 'lower RLIMIT_NOFILE of the process that runs the program',
    params: { nofile: num('descriptors') },
    primary: 'nofile',
    reports: [],
    features: ['fork'],
  },
  sysrq: {
    about: 'write one key to /proc/sysrq-trigger (c panics, to test what watches the guest)',
    params: { key: oneOf('key', ['c', 'h']) },
    primary: 'key',
    reports: [],
    hazard: true,
  },
} as const satisfies Readonly<Record<string, Verb>>;
