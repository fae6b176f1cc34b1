// SPDX-License-Identifier: GPL-2.0-only
/** The few KVM calls with which executor tests touch a real guest_memfd (uapi.md 6.2). */
import type { WireOp, WireProgram } from '../lower/wire.js';
import { blobAt, imm, program, retOf, syscall, text } from './programs.test-helper.js';

const KVM_CREATE_VM = 0xae01;
const KVM_CREATE_GUEST_MEMFD = 0xc040aed4;
export const FLAG_MMAP = 1n;
export const FLAG_INIT_SHARED = 2n;
const PATH_AT = 0;
const CREATE_AT = 64;
const fd = { resultIsFd: true };

/** Indices of the ops that make a mapped guest_memfd. */
export const AT = { kvm: 0, vm: 1, gmem: 4, map: 5, next: 6 } as const;

/** /dev/kvm, a VM, a guest_memfd of `pages` pages with `flags`, mapped shared; then `ops`. */
export function withGuestMemfd(pages: number, flags: bigint, ops: WireOp[]): WireProgram {
  const size = imm(pages * 4096);
  return program(
    [
      syscall('openat', [imm(-100), blobAt(PATH_AT), imm(2)], fd),
      syscall('ioctl', [retOf(AT.kvm), imm(KVM_CREATE_VM), imm(0)], fd),
      { code: 'patch', offset: CREATE_AT, width: 8, value: size },
      { code: 'patch', offset: CREATE_AT + 8, width: 8, value: imm(flags) },
      syscall('ioctl', [retOf(AT.vm), imm(KVM_CREATE_GUEST_MEMFD), blobAt(CREATE_AT)], fd),
      syscall('mmap', [imm(0), size, imm(3), imm(1), retOf(AT.gmem), imm(0)], { resultIsMapping: true }),
      ...ops,
    ],
    { blob: text('/dev/kvm') },
  );
}
