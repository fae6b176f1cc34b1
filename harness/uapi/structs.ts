// SPDX-License-Identifier: GPL-2.0-only
import { layout } from './struct.js';

/** Structures of include/uapi/linux/kvm.h, Linux 7.3, that mean the same in every dialect. */
export const kvmCreateGuestMemfd = layout('kvm_create_guest_memfd', 64, [
  ['size', 0, 8],
  ['flags', 8, 8],
  ['reserved', 16, 8, 6],
]);

export const kvmUserspaceMemoryRegion = layout('kvm_userspace_memory_region', 32, [
  ['slot', 0, 4],
  ['flags', 4, 4],
  ['guest_phys_addr', 8, 8],
  ['memory_size', 16, 8],
  ['userspace_addr', 24, 8],
]);

export const kvmUserspaceMemoryRegion2 = layout('kvm_userspace_memory_region2', 160, [
  ['slot', 0, 4],
  ['flags', 4, 4],
  ['guest_phys_addr', 8, 8],
  ['memory_size', 16, 8],
  ['userspace_addr', 24, 8],
  ['guest_memfd_offset', 32, 8],
  ['guest_memfd', 40, 4],
  ['pad1', 44, 4],
  ['pad2', 48, 8, 14],
]);

export const kvmMemoryAttributes = layout('kvm_memory_attributes', 32, [
  ['address', 0, 8],
  ['size', 8, 8],
  ['attributes', 16, 8],
  ['flags', 24, 8],
]);

/** The 128-byte form (dialects D3 to D8). */
export const kvmMemoryAttributes2 = layout('kvm_memory_attributes2', 128, [
  ['offset', 0, 8],
  ['size', 8, 8],
  ['attributes', 16, 8],
  ['flags', 24, 8],
  ['error_offset', 32, 8],
  ['reserved', 40, 8, 11],
]);

/** Dialect 1 (RFC v2 of the 1G-page series). */
export const kvmGmemConvert = layout('kvm_gmem_convert', 64, [
  ['offset', 0, 8],
  ['size', 8, 8],
  ['error_offset', 16, 8],
  ['reserved', 24, 8, 5],
]);

export const kvmEnableCap = layout('kvm_enable_cap', 104, [
  ['cap', 0, 4],
  ['flags', 4, 4],
  ['args', 8, 8, 4],
]);

export const kvmPreFaultMemory = layout('kvm_pre_fault_memory', 64, [
  ['gpa', 0, 8],
  ['size', 8, 8],
  ['flags', 16, 8],
  ['padding', 24, 8, 5],
]);

/** Head of struct kvm_run with the exits that guest_memfd produces; the union starts at byte 32. */
export const kvmRun = layout('kvm_run', 2352, [
  ['request_interrupt_window', 0, 1],
  ['immediate_exit', 1, 1],
  ['exit_reason', 8, 4],
  ['mmio.phys_addr', 32, 8],
  ['mmio.data', 40, 8],
  ['mmio.len', 48, 4],
  ['mmio.is_write', 52, 1],
  ['memory_fault.flags', 32, 8],
  ['memory_fault.gpa', 40, 8],
  ['memory_fault.size', 48, 8],
  ['hypercall.nr', 32, 8],
  ['hypercall.args', 40, 8, 6],
  ['hypercall.ret', 88, 8],
  ['fail_entry.reason', 32, 8],
  ['internal.suberror', 32, 4],
]);
