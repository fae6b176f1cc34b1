// SPDX-License-Identifier: GPL-2.0-only
/**
 * Eight bytes; that they were written with something that the model does not know; or that they are random, so
 * that no one counts on any value.
 */
export type Word = bigint | 'unknown' | 'noise';
/** Words of a page by their number in it; the others are zero. */
export type PageContent = ReadonlyMap<number, Word>;

/** Contents of memory by page number. A page that is not there is zero. */
export type Contents = ReadonlyMap<number, PageContent>;

export const ZERO: Contents = new Map();
const BLANK: PageContent = new Map();

/**
 * Read 1, 2, 4 or 8 bytes, little-endian.
 * @param offset bytes from the start of the memory
 * @returns the number; `noise` when all of its bytes are, `unknown` when some are or when any is
 */
export function read(memory: Contents, pageSize: number, offset: number, width: number): Word {
  return readAt(memory, pageSize, Math.floor(offset / pageSize), offset % pageSize, width);
}

/** The same by page and byte of the page, for memory so large that an offset in bytes is no exact double. */
export function readAt(memory: Contents, pageSize: number, page: number, byte: number, width: number): Word {
  let value = 0n;
  let noise = 0;
  let got = 0;
  while (got < width) {
    const at = (byte + got) % pageSize;
    const inWord = at % 8;
    const take = Math.min(8 - inWord, width - got);
    const word = wordAt(memory, page + Math.floor((byte + got) / pageSize), at);
    if (word === 'unknown') return word;
    if (word === 'noise') noise += take;
    else value |= ((word >> BigInt(8 * inWord)) & mask(take)) << BigInt(8 * got);
    got += take;
  }
  return noise === 0 ? value : noise === width ? 'noise' : 'unknown';
}

/** The same memory after a store of the low `width` bytes of `value` at a byte offset. */
export function write(
  memory: Contents,
  pageSize: number,
  offset: number,
  width: number,
  value: Word,
): Contents {
  return writeAt(memory, pageSize, Math.floor(offset / pageSize), offset % pageSize, width, value);
}

/** The same by page and byte of the page. */
export function writeAt(
  memory: Contents,
  pageSize: number,
  page: number,
  byte: number,
  width: number,
  value: Word,
): Contents {
  let done = 0;
  const result = new Map(memory);
  while (done < width) {
    const index = page + Math.floor((byte + done) / pageSize);
    const content = new Map(result.get(index) ?? BLANK);
    for (let at = (byte + done) % pageSize; at < pageSize && done < width;) {
      const inWord = at % 8;
      const take = Math.min(8 - inWord, width - done);
      const number = Math.floor(at / 8);
      content.set(number, patched(content.get(number) ?? 0n, inWord, take, value, done));
      done += take;
      at += take;
    }
    result.set(index, content);
  }
  return result;
}

/** The same memory after a copy of `length` bytes that are all `fill`, or random. */
export function filled(
  memory: Contents,
  pageSize: number,
  page: number,
  byte: number,
  length: number,
  fill: number | 'noise',
): Contents {
  const word = fill === 'noise' ? fill : 0x0101010101010101n * BigInt(fill);
  const head = Math.min(length, (8 - (byte % 8)) % 8);
  const tail = (length - head) % 8;
  const result = new Map(writeAt(memory, pageSize, page, byte, head, word));
  let done = head;
  while (done < length - tail) {
    const index = page + Math.floor((byte + done) / pageSize);
    const content = new Map(result.get(index) ?? BLANK);
    for (let at = (byte + done) % pageSize; at < pageSize && done < length - tail; at += 8, done += 8)
      content.set(at / 8, word);
    result.set(index, content);
  }
  return writeAt(result, pageSize, page, byte + done, tail, word);
}

/** The same memory with pages from `from` up to and without `to` zero. */
export function zeroed(memory: Contents, from: number, to: number): Contents {
  const inside = [...memory.keys()].filter((page) => page >= from && page < to);
  if (inside.length === 0) return memory;
  const copy = new Map(memory);
  for (const page of inside) copy.delete(page);
  return copy;
}

function patched(old: Word, inWord: number, take: number, value: Word, done: number): Word {
  if (take === 8) return typeof value === 'bigint' ? BigInt.asUintN(64, value) : value;
  if (old === 'noise' && value === 'noise') return value;
  if (typeof old !== 'bigint' || typeof value !== 'bigint') return 'unknown';
  const shift = BigInt(8 * inWord);
  const bits = mask(take);
  return (old & ~(bits << shift)) | (((value >> BigInt(8 * done)) & bits) << shift);
}

function wordAt(memory: Contents, page: number, byte: number): Word {
  return memory.get(page)?.get(Math.floor(byte / 8)) ?? 0n;
}

const mask = (bytes: number): bigint => (1n << BigInt(8 * bytes)) - 1n;
