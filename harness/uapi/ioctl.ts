// SPDX-License-Identifier: GPL-2.0-only
/** Direction bits of an ioctl number, from the point of view of userspace. */
export type IoctlDir = 'none' | 'write' | 'read' | 'readwrite';

const DIRS: Record<IoctlDir, bigint> = { none: 0n, write: 1n, read: 2n, readwrite: 3n };

/**
 * Encode an ioctl number.
 *
 * @param dir direction (`_IO`, `_IOW`, `_IOR`, `_IOWR`)
 * @param type magic byte, 0xAE for KVM
 * @param nr command number, one byte
 * @param size bytes of the argument structure, 14 bits
 * @throws RangeError when a field does not fit
 * Source: include/uapi/asm-generic/ioctl.h; x86, arm64, s390, riscv and loongarch use it unchanged.
 */
export function ioc(dir: IoctlDir, type: number, nr: number, size: number): bigint {
  if (type < 0 || type > 0xff || nr < 0 || nr > 0xff || size < 0 || size > 0x3fff) {
    throw new RangeError(
      `ioctl fields out of range: type ${type}, nr ${nr}, size ${size} (expected bytes and at most 16383)`,
    );
  }
  return (DIRS[dir] << 30n) | (BigInt(size) << 16n) | (BigInt(type) << 8n) | BigInt(nr);
}

/** The fields of an ioctl number. Only the low 32 bits count, as in the kernel (`unsigned int cmd`). */
export function decodeIoctl(cmd: bigint): { dir: IoctlDir; type: number; nr: number; size: number } {
  const low = BigInt.asUintN(32, cmd);
  const dirs: IoctlDir[] = ['none', 'write', 'read', 'readwrite'];
  return {
    dir: dirs[Number(low >> 30n)] ?? 'none',
    type: Number((low >> 8n) & 0xffn),
    nr: Number(low & 0xffn),
    size: Number((low >> 16n) & 0x3fffn),
  };
}
