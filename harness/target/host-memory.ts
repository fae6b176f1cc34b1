// SPDX-License-Identifier: GPL-2.0-only
/** Memory of the ffi-rs worker: an arena for blobs, scratch space, and accesses that cannot kill the process. */
import { type Arch, syscallNumber } from '../uapi/arch.js';
import type { Libc, Region } from './libc.js';

const PROT_READ_WRITE = 3n;
const MAP_SHARED_FIXED = 0x11n;
const MAP_PRIVATE_ANONYMOUS = 0x22n;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32n;
const EFAULT = 14;
/** Scratch starts with a local and a remote struct iovec, 16 bytes each. */
const IOVEC_BYTES = 32;
const ALIGNMENT = 65_536;

/** Something the worker needs of its own kernel and did not get: not an answer about the program. */
export class HostError extends Error {
  override name = 'HostError';
}

function roundUp(length: number): number {
  return Math.max(1, Math.ceil(length / ALIGNMENT)) * ALIGNMENT;
}

/** What the programs of one worker share. */
export class HostMemory {
  readonly #libc: Libc;
  readonly #arch: Arch;
  #blob: Region;
  #scratch: Region;

  constructor(libc: Libc, arch: Arch) {
    this.#libc = libc;
    this.#arch = arch;
    this.#blob = this.map(ALIGNMENT);
    this.#scratch = this.map(ALIGNMENT);
  }

  /** New private memory, zeroed, of at least `length` bytes. */
  map(length: number): Region {
    const size = roundUp(length);
    const nr = syscallNumber('mmap', this.#arch);
    const { ret, errno } = this.#libc.syscall(
      nr,
      0n,
      BigInt(size),
      PROT_READ_WRITE,
      MAP_PRIVATE_ANONYMOUS,
      -1n,
    );
    if (errno !== 0) throw new HostError(`Expected ${size} bytes of memory, got errno ${errno} from mmap`);
    return this.#libc.view(BigInt.asUintN(64, ret), size);
  }

  /** One page of a file, shared with whoever else has it mapped. */
  mapShared(fd: number): Region {
    const { address } = this.map(ALIGNMENT);
    return this.#libc.view(address, 4096, MAP_SHARED_FIXED, BigInt(fd));
  }

  /** The blob of the next program: fresh pages, so that nothing a program did to its blob outlives it. */
  freshBlob(contents: Uint8Array): Region {
    if (contents.length > this.#blob.bytes.length) this.#blob = this.map(contents.length);
    const { address, bytes } = this.#blob;
    const nr = syscallNumber('mmap', this.#arch);
    const size = BigInt(bytes.length);
    const { errno } = this.#libc.syscall(
      nr,
      address,
      size,
      PROT_READ_WRITE,
      MAP_PRIVATE_FIXED_ANONYMOUS,
      -1n,
    );
    if (errno !== 0)
      throw new HostError(`Expected a fresh blob of ${size} bytes, got errno ${errno} from mmap`);
    bytes.set(contents);
    return { address, bytes: bytes.subarray(0, contents.length) };
  }

  /** Scratch memory of at least `length` bytes; its contents last until the next use. */
  scratch(length: number): Region {
    if (length > this.#scratch.bytes.length) this.#scratch = this.map(length);
    return this.#scratch;
  }

  /** A copy of `length` bytes at `address`, or undefined when the kernel finds one of them inaccessible. */
  read(address: bigint, length: number): Buffer | undefined {
    const complete = this.#transfer('process_vm_readv', address, length);
    if (!complete) return undefined;
    return Buffer.from(this.#scratch.bytes.subarray(IOVEC_BYTES, IOVEC_BYTES + length));
  }

  /** Write at `address`; false when the kernel finds a byte inaccessible (those before it are then written). */
  write(address: bigint, contents: Uint8Array): boolean {
    this.scratch(IOVEC_BYTES + contents.length).bytes.set(contents, IOVEC_BYTES);
    return this.#transfer('process_vm_writev', address, contents.length);
  }

  #transfer(name: 'process_vm_readv' | 'process_vm_writev', address: bigint, length: number): boolean {
    const { bytes, address: scratch } = this.scratch(IOVEC_BYTES + length);
    bytes.writeBigUInt64LE(scratch + BigInt(IOVEC_BYTES), 0);
    bytes.writeBigUInt64LE(BigInt(length), 8);
    bytes.writeBigUInt64LE(address, 16);
    bytes.writeBigUInt64LE(BigInt(length), 24);
    const nr = syscallNumber(name, this.#arch);
    const pid = BigInt(process.pid);
    const { ret, errno } = this.#libc.syscall(nr, pid, scratch, 1n, scratch + 16n, 1n, 0n);
    if (errno !== 0 && errno !== EFAULT) {
      throw new HostError(
        `Expected ${name} on the worker itself to work or to give EFAULT, got errno ${errno}`,
      );
    }
    return ret === BigInt(length);
  }
}
