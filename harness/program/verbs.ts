// SPDX-License-Identifier: GPL-2.0-only
import { FD_KINDS, makes, num, nums, oneOf, optnum, optref, pointer, ref, steps } from './params.js';
import type { Param } from './params.js';
import { FD_OPS } from './fd-ops.js';
import { MAP_OPS } from './map-ops.js';
import { TOUCH_ROUTES } from './touch-routes.js';

/** One verb of the vocabulary: parameters, what it reports, what it asks of a target. */
export interface Verb {
  about: string;
  params: Readonly<Record<string, Param>>;
  /** Parameter that a bare scalar stands for: `close: gmem`. */
  primary?: string;
  /** Fields that an expectation may name, besides `errno`. */
  reports: readonly string[];
  /** Target features without which the verb cannot run (ids of suites/features.yaml). */
  features?: readonly string[];
  /** May take the kernel down: runs in a guest of our own only. */
  hazard?: true;
}

const gpa = num('guest physical address, bytes');
const anyFd = ref('any file descriptor', FD_KINDS);
const vm = ref('the VM', ['vm'], 'vm');
const vcpu = ref('the vCPU', ['vcpu'], 'vcpu');
const map = ref('the mapping', ['map'], 'm');
const offset = num('byte offset', 0n);
const width = num('1, 2, 4 or 8 bytes', 8n, [1n, 2n, 4n, 8n]);
const FAULT = ['fault', 'code', 'at'] as const;
/** The words of an array member of a structure, as they are read back. */
const RESERVED = Array.from({ length: 11 }, (_, i) => `reserved${i}`);
const EXIT = ['exit', 'flags', 'gpa', 'size', 'len', 'is_write'] as const;

/** The closed set of verbs. suites/schema.json, the loader, the lint and the lowering all follow this table. */
export const VERBS = {
  check_extension: {
    about: 'KVM_CHECK_EXTENSION',
    params: { on: ref('/dev/kvm or a VM', ['kvm', 'vm', 'file'], 'kvm'), cap: num('capability number') },
    primary: 'cap',
    reports: ['value'],
  },
  create_vm: {
    about: 'KVM_CREATE_VM',
    params: {
      type: oneOf(
        'VM type by name; private_capable is the type whose memory can be private on this architecture',
        ['default', 'sw_protected', 'sev', 'sev_es', 'snp', 'tdx', 'private_capable'],
        'default',
      ),
      raw: optnum('VM type as a number, instead of a name'),
      as: makes('vm', 'vm'),
    },
    primary: 'type',
    reports: [],
  },
  create_vcpu: {
    about: 'KVM_CREATE_VCPU, registers and a page of guest code set up for vcpu_load and vcpu_store',
    params: { vm, id: num('vCPU id', 0n), as: makes('vcpu', 'vcpu') },
    reports: [],
    features: ['vcpu'],
  },
  create_gmem: {
    about: 'KVM_CREATE_GUEST_MEMFD',
    params: {
      vm: ref('the VM, or another fd to ask instead', FD_KINDS, 'vm'),
      size: num('file size, bytes'),
      flags: num('GUEST_MEMFD_FLAG_*', 0n),
      reserved: nums('reserved words', 6),
      arg: pointer,
      as: makes('gmem', 'gmem'),
    },
    reports: [],
  },
  bind: {
    about: 'KVM_SET_USER_MEMORY_REGION2 (or the older ioctl), making or changing a memslot',
    params: {
      vm: ref('the VM, or another fd to ask instead', FD_KINDS, 'vm'),
      slot: num('slot id, address space in the upper 16 bits', 0n),
      gpa,
      size: num('memory_size, bytes'),
      gmem: optref('the guest_memfd (any fd)', FD_KINDS),
      fd: optnum('guest_memfd as a raw number, instead of an object'),
      offset: num('guest_memfd_offset, bytes', 0n),
      flags: optnum('KVM_MEM_*; KVM_MEM_GUEST_MEMFD when a gmem is given, else 0'),
      map: optref('mapping that provides userspace_addr', ['map']),
      map_offset: num('byte offset into that mapping', 0n),
      userspace_addr: num('userspace_addr as a number', 0n),
      pad1: num('pad1', 0n),
      pad2: nums('pad2', 14),
      version: num('2 for KVM_SET_USER_MEMORY_REGION2, 1 for KVM_SET_USER_MEMORY_REGION', 2n),
      arg: pointer,
    },
    reports: [],
  },
  unbind: {
    about: 'delete a memslot: KVM_SET_USER_MEMORY_REGION2 with memory_size 0',
    params: { vm, slot: num('slot id', 0n) },
    primary: 'slot',
    reports: [],
  },
  set_attributes: {
    about: 'KVM_SET_MEMORY_ATTRIBUTES2, on the guest_memfd or any other fd',
    params: {
      on: ref('the guest_memfd, or another fd', FD_KINDS, 'gmem'),
      offset: num('byte offset into the file', 0n),
      size: num('bytes'),
      attributes: num('KVM_MEMORY_ATTRIBUTE_*'),
      flags: num('flags', 0n),
      error_offset: num('error_offset on input', 0n),
      reserved: nums('reserved words', 11),
      cmd: optnum('another command than KVM_SET_MEMORY_ATTRIBUTES2'),
      arg: pointer,
    },
    reports: ['error_offset', 'offset', 'size', 'attributes', 'flags', ...RESERVED],
  },
  set_vm_attributes: {
    about: 'KVM_SET_MEMORY_ATTRIBUTES (v1) on the VM',
    params: {
      vm: ref('the VM, or another fd to ask instead', FD_KINDS, 'vm'),
      gpa,
      size: num('bytes'),
      attributes: num('KVM_MEMORY_ATTRIBUTE_*'),
      flags: num('flags', 0n),
      arg: pointer,
    },
    reports: [],
  },
  ioctl: {
    about: 'any ioctl: a number as argument, or a zeroed buffer passed as `arg` says',
    params: {
      on: anyFd,
      cmd: num('command'),
      value: optnum('argument as a number, instead of a buffer'),
      arg: pointer,
    },
    reports: ['value'],
  },
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
  fallocate: {
    about: 'fallocate(2)',
    params: { on: ref('the file', FD_KINDS, 'gmem'), mode: num('FALLOC_FL_*'), offset, length: num('bytes') },
    reports: [],
  },
  fd_op: {
    about: 'a file operation other than ioctl, mmap and fallocate',
    params: {
      on: ref('the file', FD_KINDS, 'gmem'),
      op: oneOf('which', FD_OPS),
      offset,
      length: num('bytes', 8n),
      arg: num('whence, mode, flags or command of the call', 0n),
      to: optref('the other file of a two-file call', FD_KINDS),
    },
    reports: ['value', 'st_size', 'st_mode', 'st_blksize', 'st_blocks', 'st_nlink', 'st_ino', 'f_type'],
  },
  open: {
    about: 'a file of another kind, to be given where a guest_memfd or a VM belongs',
    params: {
      kind: oneOf('which', [
        'memfd', 'memfd_secret', 'pipe_read', 'pipe_write', 'eventfd', 'epoll', 'inotify', 'socket', 'kvm',
        'null', 'zero', 'directory', 'path', 'proc_self_mem',
      ]), // prettier-ignore
      as: makes('file', 'file'),
    },
    reports: [],
  },
  dup: {
    about: 'dup(2); the new descriptor is an object of the same kind',
    params: { on: anyFd, as: makes('gmem', 'dup') },
    reports: [],
  },
  close: { about: 'close(2)', params: { on: anyFd }, primary: 'on', reports: [] },
  fork: {
    about: 'run steps in a forked child and wait for it',
    params: { steps: steps('steps of the child') },
    reports: [],
    features: ['fork'],
  },
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

export type VerbName = keyof typeof VERBS;
export const VERB_NAMES = Object.keys(VERBS) as VerbName[];

/** The record of a verb, widened for code that treats all verbs alike. */
export function verb(name: VerbName): Verb {
  return VERBS[name];
}
