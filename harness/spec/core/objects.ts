// SPDX-License-Identifier: GPL-2.0-only
import type { PinWay } from '../../program/pin-ways.js';
import type { Contents } from './memory.js';
import type { Ranges } from './ranges.js';
import type { Id } from './state.js';

/** Kinds of files that the vocabulary tells apart. */
export type FdKind = 'kvm' | 'vm' | 'gmem' | 'vcpu' | 'file';

/** Whose accesses a page of a guest_memfd serves: the host's too, or the guest's alone. */
export type PageState = 'shared' | 'private';

export interface Vm {
  /** VM type as the program wrote it, resolved: never `private_capable`. `raw` types are numbers as text. */
  readonly type: string;
  /** The process that made it; its ioctls work in that address space only (kvm_vm_ioctl, EIO). */
  readonly mm: Id;
  /** By slot id, address space in the upper 16 bits. */
  readonly slots: ReadonlyMap<bigint, Slot>;
  /** Attributes by guest frame, of dialects in which VMs keep them (KVM_SET_MEMORY_ATTRIBUTES). */
  readonly attributes: Ranges<bigint>;
  /** Guest frames that a guest found to be MMIO, and that are so in its page tables until it finds memory there. */
  readonly mmio?: Ranges<true>;
  /** Ids of vCPUs that exist. */
  readonly vcpuIds: ReadonlySet<bigint>;
  /** Capabilities that were enabled, with their first argument. */
  readonly enabled: ReadonlyMap<bigint, bigint>;
}

export interface Slot {
  /** Guest physical address, bytes; a multiple of the page size. */
  readonly gpa: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** KVM_MEM_* */
  readonly flags: bigint;
  /** The guest_memfd, when KVM_MEM_GUEST_MEMFD was given. The slot keeps nothing alive. */
  readonly gmem?: Id;
  /** First page of the file, guest_memfd_offset divided by the page size. */
  readonly firstPage: number;
  /**
   * The file serves shared accesses, too, and userspace_addr none (KVM_MEMSLOT_GMEM_ONLY): settled when the slot
   * is made, and kept when the file goes.
   */
  readonly fileOnly?: true;
  /** userspace_addr: where in which mapping, in bytes, or as a number; neither of the memory of the guest's start. */
  readonly user?: UserAddress;
}

/** An address in user memory: bytes from the start of a mapping of the VM's process, or a number. */
export type UserAddress =
  { readonly map: Id; readonly offset: bigint } | { readonly map?: undefined; readonly address: bigint };

export interface Gmem {
  /** The VM that made it, which it keeps alive. */
  readonly vm: Id;
  /** Size of the file, pages. */
  readonly pages: number;
  /** GUEST_MEMFD_FLAG_* that it was made with, in its dialect's numbers. */
  readonly flags: bigint;
  /** State of pages that were converted; the others are as the flags say (`initial`). */
  readonly states: Ranges<PageState>;
  readonly initial: PageState;
  /** Whether the file can be mapped. */
  readonly mappable: boolean;
  /** Pages that have a folio. */
  readonly allocated: Ranges<true>;
  /** Those of them that somebody has used, and that were zeroed for it. */
  readonly used: Ranges<true>;
  readonly contents: Contents;
  /** Pages that memory failure took. */
  readonly poisoned: Ranges<true>;
}

export interface Vcpu {
  readonly vm: Id;
  readonly id: bigint;
  /** A hypercall waits to be completed by vcpu_return; any other run of the guest drops it. */
  readonly hypercall?: boolean;
}

/** A file of another kind, of the verb `open`. */
export interface OtherFile {
  readonly kind: string;
  /** What it holds, for those that can be mapped. */
  readonly contents: Contents;
  /** Bytes. */
  readonly size: bigint;
}

/** Anonymous memory. */
export interface PlainMemory {
  readonly contents: Contents;
  readonly poisoned: Ranges<true>;
}

/** A mapping by the name that the program gave it, whatever became of its parts. */
export interface Mapping {
  /** The open file that it keeps alive; undefined for anonymous memory. */
  readonly file?: Id;
  /** The memory behind it when it is anonymous. */
  readonly memory?: Id;
  /** MAP_SHARED, or a private copy. */
  readonly shared: boolean;
  /** Offset into the file of the first byte, pages. */
  readonly firstPage: number;
  /** Length that was asked for, bytes. */
  readonly length: bigint;
  /** PROT_* by page of the mapping; a page that has none is not mapped. */
  readonly prot: Ranges<bigint>;
  /** Pages of the mapping that are in the page tables. */
  readonly present: Ranges<true>;
  /** Pages that mlock, or MAP_LOCKED, keeps. */
  readonly locked: Ranges<true>;
  /** Pages that are not in a child of the process (MADV_DONTFORK). */
  readonly notInChild: Ranges<true>;
  /** Pages hidden by a guard region (MADV_GUARD_INSTALL). */
  readonly guarded: Ranges<true>;
  /** There was a guard region once: a child gets a copy of the page table (VM_MAYBE_GUARD in VM_COPY_ON_FORK). */
  readonly copiedOnFork?: true;
  /** Page table entries that say the memory failed, whatever the file has there by now. */
  readonly failed: Ranges<true>;
}

/** What holds pages. */
export interface Pin {
  readonly how: PinWay;
  /** The process whose end ends it. */
  readonly process: Id;
  /** The guest_memfd whose pages it holds; undefined for other memory. */
  readonly gmem?: Id;
  /** Pages of the file that it holds. */
  readonly pages: Ranges<true>;
  /** The first byte that its holder can read: page of the file, and byte of the page. */
  readonly start: { readonly page: number; readonly byte: number };
  /** Bytes that its holder can read from there. */
  readonly length: number;
  /** What was in pages that it holds when they left the file, by their number then. */
  readonly orphans: Contents;
  /** Its process ended, and a worker of the kernel may let go of the pages at any moment. */
  readonly ending?: true;
}
