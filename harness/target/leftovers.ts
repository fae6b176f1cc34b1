// SPDX-License-Identifier: GPL-2.0-only
/**
 * Descriptors and mappings that a program made and has not given back. The ffi-rs worker outlives its programs,
 * so it has to clean up after them, and must not unmap what it has since come to use itself.
 */
export type Leftover = { kind: 'fd'; fd: number } | { kind: 'mapping'; start: bigint; end: bigint };

export class Leftovers {
  readonly #pageSize: bigint;
  #list: Leftover[] = [];

  /** @param pageSize bytes; the kernel maps and unmaps whole pages. */
  constructor(pageSize: number) {
    this.#pageSize = BigInt(pageSize);
  }

  opened(fd: number): void {
    this.closed(fd);
    this.#list.push({ kind: 'fd', fd });
  }

  closed(fd: number): void {
    this.#list = this.#list.filter((item) => item.kind !== 'fd' || item.fd !== fd);
  }

  /** @param length bytes. */
  mapped(start: bigint, length: bigint): void {
    this.unmapped(start, length);
    this.#list.push({ kind: 'mapping', start, end: start + this.#pages(length) });
  }

  /** @param length bytes; may cover mappings in part or several of them. */
  unmapped(start: bigint, length: bigint): void {
    const end = start + this.#pages(length);
    this.#list = this.#list.flatMap((item): Leftover[] => {
      if (item.kind !== 'mapping') return [item];
      const below = { ...item, end: item.end < start ? item.end : start };
      const above = { ...item, start: item.start > end ? item.start : end };
      if (item.end <= start || item.start >= end) return [item];
      return [below, above].filter((part) => part.start < part.end);
    });
  }

  /** Everything that is left, the youngest first; nothing is left afterwards. */
  take(): Leftover[] {
    const list = this.#list.reverse();
    this.#list = [];
    return list;
  }

  #pages(length: bigint): bigint {
    return ((length + this.#pageSize - 1n) / this.#pageSize) * this.#pageSize;
  }
}
