// SPDX-License-Identifier: GPL-2.0-only
import { makes, num, nums, oneOf, optnum, optref, pointer, ref, FD_KINDS } from './params.js';
import { gpa, anyFd, vm, state, RESERVED } from './verb.js';
import type { Verb } from './verb.js';

/** Verbs of ioctls of KVM and of guest_memfd. */
export const KVM_VERBS = {
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
  convert: {
    about: 'convert a range as the dialect does, its contents kept',
    params: {
      on: ref('the guest_memfd, or another fd', FD_KINDS, 'gmem'),
      offset: num('byte offset into the file', 0n),
      size: num('bytes'),
      to: state,
    },
    reports: ['error_offset'],
    features: ['conversion'],
  },
  convert_raw: {
    about: 'KVM_GMEM_CONVERT_PRIVATE or KVM_GMEM_CONVERT_SHARED of dialect 1',
    params: {
      on: ref('the guest_memfd, or another fd', FD_KINDS, 'gmem'),
      offset: num('byte offset into the file', 0n),
      size: num('bytes'),
      to: state,
      error_offset: num('error_offset on input', 0n),
      reserved: nums('reserved words', 5),
      arg: pointer,
    },
    reports: ['error_offset'],
    features: ['conversion'],
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
  enable_cap: {
    about: 'KVM_ENABLE_CAP',
    params: {
      on: ref('the VM, or another fd to ask instead', FD_KINDS, 'vm'),
      cap: num('capability number'),
      args: nums('arguments', 4),
      flags: num('flags', 0n),
      arg: pointer,
    },
    reports: ['value'],
  },
  compat_ioctl: {
    about: 'an ioctl with a NULL argument as a 32-bit program makes it',
    params: { on: anyFd, cmd: num('command') },
    reports: [],
    features: ['compat'],
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
} as const satisfies Readonly<Record<string, Verb>>;
