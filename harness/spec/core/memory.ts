// SPDX-License-Identifier: GPL-2.0-only
/** Eight bytes, or that they were written with something that the model does not know. */
export type Word = bigint | 'unknown';
/** Words of a page by their number in it; the others are zero. */
export type PageContent = ReadonlyMap<number, Word>;

/** Contents of memory by page number. A page that is not there is zero. */
export type Contents = ReadonlyMap<number, PageContent>;

export const ZERO: Contents = new Map();
const BLANK: PageContent = new Map();

/**
 * Read 1, 2, 4 or 8 bytes, little-endian.
 * @param offset bytes from the start of the memory
 * @returns the number, or `unknown` when any byte of it is
 */
export function read(memory: Contents, pageSize: number, offset: number, width: number): Word {
  let value = 0n;
  let got = 0;
  while (got < width) {
    const byte = offset + got;
    const inWord = byte % 8;
    const take = Math.min(8 - inWord, width - got);
    const word = wordAt(memory, pageSize, byte);
    if (word === 'unknown') return word;
    value |= ((word >> BigInt(8 * inWord)) & mask(take)) << BigInt(8 * got);
    got += take;
  }
  return value;
}

/** The same memory after a store of the low `width` bytes of `value` at a byte offset. */
export function write(
  memory: Contents,
  pageSize: number,
  offset: number,
  width: number,
  value: Word,
): Contents {
  let done = 0;
  let result = memory;
  while (done < width) {
    const byte = offset + done;
    const inWord = byte % 8;
    const take = Math.min(8 - inWord, width - done);
    result = withWord(
      result,
      pageSize,
      byte,
      patched(wordAt(result, pageSize, byte), inWord, take, value, done),
    );
    done += take;
  }
  return result;
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
  if (take === 8) return value === 'unknown' ? value : BigInt.asUintN(64, value);
  if (old === 'unknown' || value === 'unknown') return 'unknown';
  const shift = BigInt(8 * inWord);
  const bits = mask(take);
  return (old & ~(bits << shift)) | (((value >> BigInt(8 * done)) & bits) << shift);
}

function wordAt(memory: Contents, pageSize: number, byte: number): Word {
  return memory.get(Math.floor(byte / pageSize))?.get(Math.floor((byte % pageSize) / 8)) ?? 0n;
}

function withWord(memory: Contents, pageSize: number, byte: number, word: Word): Contents {
  const page = Math.floor(byte / pageSize);
  const content = new Map(memory.get(page) ?? BLANK).set(Math.floor((byte % pageSize) / 8), word);
  return new Map(memory).set(page, content);
}

const mask = (bytes: number): bigint => (1n << BigInt(8 * bytes)) - 1n;
