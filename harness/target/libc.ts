// SPDX-License-Identifier: GPL-2.0-only
/**
 * libc's syscall() through ffi-rs. One descriptor with integer parameters is reused for all calls: the fastest
 * style ffi-rs has, and it allocates nothing that would have to be freed.
 */
import { DataType, type JsExternal, createExternalBuffer, load, open } from 'ffi-rs';

const LIBRARY = 'libc';
const PROT_READ_WRITE = 3n;
const MAP_PRIVATE_FIXED_ANONYMOUS = 0x32n;

export interface SyscallResult {
  /** As the kernel gave it, −1 on error. */
  ret: bigint;
  /** Positive errno, 0 without an error. */
  errno: number;
}

/** Memory outside the JavaScript heap whose address is known. */
export interface Region {
  address: bigint;
  bytes: Buffer;
}

function descriptor(funcName: string, count: number): { values: bigint[]; call: () => bigint } {
  const values = new Array<bigint>(count).fill(0n);
  const params = {
    library: LIBRARY,
    funcName,
    retType: DataType.BigInt,
    paramsType: new Array<DataType>(count).fill(DataType.BigInt),
    paramsValue: values,
  } as const;
  return { values, call: () => BigInt.asIntN(64, load(params) as bigint) };
}

/** The C library of this process. Make one per thread: errno is the thread's. */
export class Libc {
  readonly #syscall: ReturnType<typeof descriptor>;
  readonly #errno: Buffer;

  constructor() {
    open({ library: LIBRARY, path: '' });
    this.#syscall = descriptor('syscall', 7);
    const location = load({
      library: LIBRARY,
      funcName: '__errno_location',
      retType: DataType.External,
      paramsType: [],
      paramsValue: [],
    });
    this.#errno = createExternalBuffer(location, 4);
  }

  /** syscall(2). Missing arguments are 0; all are taken modulo 2^64. */
  syscall(number: number, ...args: bigint[]): SyscallResult {
    const { values, call } = this.#syscall;
    values[0] = BigInt(number);
    for (let i = 0; i < 6; i++) values[i + 1] = args[i] ?? 0n;
    const ret = call();
    // errno keeps an old value after success, so it means something only now.
    return { ret, errno: ret === -1n ? this.#errno.readInt32LE() : 0 };
  }

  /** sigaction(2) by libc's own structure: 8 bytes of handler, 128 of mask, then the flags. */
  sigaction(signal: number, action: bigint, old: bigint): bigint {
    const { values, call } = descriptor('sigaction', 3);
    values.splice(0, 3, BigInt(signal), action, old);
    return call();
  }

  /**
   * A file or anonymous memory mapped at an address that is already a mapping of this process and may be
   * replaced, seen as a Buffer.
   *
   * @param address page-aligned.
   * @param length bytes.
   * @param flags MAP_… with MAP_FIXED.
   * @param fd descriptor, or -1n.
   */
  view(address: bigint, length: number, flags = MAP_PRIVATE_FIXED_ANONYMOUS, fd = -1n): Region {
    const pointer: JsExternal = load({
      library: LIBRARY,
      funcName: 'mmap',
      retType: DataType.External,
      paramsType: new Array<DataType>(6).fill(DataType.BigInt),
      paramsValue: [address, BigInt(length), PROT_READ_WRITE, flags, fd, 0n],
    });
    return { address, bytes: createExternalBuffer(pointer, length) };
  }
}
