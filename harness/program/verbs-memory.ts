// SPDX-License-Identifier: GPL-2.0-only
import { makes, num, oneOf, optnum, optref, ref, FD_KINDS } from './params.js';
import { MAP_OPS } from './map-ops.js';
import { TOUCH_ROUTES } from './touch-routes.js';
import { PIN_WAY_NAMES } from './pin-ways.js';
import { map, offset, width, FAULT } from './verb.js';
import type { Verb } from './verb.js';

/** Verbs of mappings, and what holds their pages. */
export const MEMORY_VERBS = {
  mmap: {
    about: 'mmap of a file, or anonymous memory when no file is given',
    params: {
      of: optref('the file', FD_KINDS),
      offset,
      length: num('bytes'),
      prot: num('PROT_*', 3n),
      flags: optnum('MAP_*; MAP_SHARED of a file, MAP_PRIVATE|MAP_ANONYMOUS without'),
      as: makes('map', 'm'),
    },
    reports: [],
  },
  map_op: {
    about: 'a system call on a range of a mapping',
    params: {
      map,
      op: oneOf('which', MAP_OPS),
      offset,
      length: num('bytes'),
      arg: num('advice, protection, flags or mode of the call; new length of mremap', 0n),
    },
    reports: ['value'],
  },
  load: {
    about: 'load from a mapping',
    params: { map, offset, width },
    primary: 'offset',
    reports: ['value', ...FAULT],
  },
  store: {
    about: 'store to a mapping',
    params: { map, offset, value: num('value'), width },
    reports: FAULT,
  },
  touch: {
    about: 'let the kernel access a mapping on our behalf',
    params: { map, offset, length: num('bytes', 8n), how: oneOf('by which route', TOUCH_ROUTES) },
    reports: ['value'],
  },
  pagemap: {
    about: 'whether a page is in the page tables of this process (/proc/self/pagemap)',
    params: { map, offset },
    primary: 'offset',
    reports: ['present'],
  },
  pin: {
    about: 'hold every page of a range; errno is that of the call that takes the references',
    params: {
      map,
      offset,
      length: num('bytes', 1n),
      how: oneOf('by which means', PIN_WAY_NAMES),
      as: makes('pin', 'pin'),
    },
    reports: [],
  },
  unpin: {
    about:
      'let go of what a pin holds, and wait until it is let go; value is what a holder that can read saw',
    params: { pin: ref('the pin', ['pin'], 'pin') },
    primary: 'pin',
    reports: ['value'],
  },
} as const satisfies Readonly<Record<string, Verb>>;
