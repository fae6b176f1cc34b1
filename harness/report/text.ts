// SPDX-License-Identifier: GPL-2.0-only
/** Text that survives report formats, and that is the same in every run of the same thing. */

const ESCAPE = '\u001b';
/** Terminal colours and cursor movements, as firmware prints them on a console. */
const TERMINAL = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g');

/**
 * One line of printable text: terminal sequences dropped, runs of white space and control characters made
 * one space, lone surrogates replaced. Report formats are line-based and their readers split at more than \n
 * (Python's universal newlines split at \r).
 */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(TERMINAL, '')
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

/** Like {@link oneLine}, keeping spaces: console excerpts are read by their columns. */
export function consoleLine(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(TERMINAL, '')
    .replace(/[\r\n]+$/, '')
    .replaceAll('\t', '        ')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .trimEnd();
}

/**
 * A test name that TAP and KTAP readers return unchanged: every byte but printable ASCII, and of that `#`
 * (starts a directive), `\` (escapes), `%` and a final `{` (opens a buffered subtest), becomes %XX.
 * Ids as suites write them come out as they are; decodeURIComponent() restores the others.
 */
export function reportName(id: string): string {
  return id.replace(/[^!-~]|[#\\%]/gu, percent).replace(/\{$/, percent);
}

function percent(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}

/**
 * Addresses where x86_64 and aarch64 (39 and 48 bits) map files, stacks and position-independent programs. Values
 * at the very top of an address space are limits that a case spells out, not addresses of this run.
 */
const USER_ADDRESS =
  /\b0x(?:7(?!f{7})[0-9a-f]{11}|7f(?!f{4})[0-9a-f]{8}|5[56][0-9a-f]{10}|ffff(?!f{5})[0-9a-f]{8})\b/g;
/** Two addresses closer than this (bytes) are shown relative to the one seen first. */
const NEIGHBOURHOOD = 1n << 24n;

/**
 * Replaces the addresses of one program's calls by `addr1`, `addr1+0x1000`, `addr2`: address space layout is
 * random, and a report must not be. One instance per case, so that equal addresses keep equal names.
 */
export class AddressNames {
  readonly #bases: bigint[] = [];

  /** @param line any text; @returns the same as one line with addresses named. */
  name(line: string): string {
    return oneLine(line).replace(USER_ADDRESS, (text) => this.#nameOf(BigInt(text)));
  }

  #nameOf(address: bigint): string {
    const known = this.#bases.findIndex((base) => distance(base, address) < NEIGHBOURHOOD);
    const index = known >= 0 ? known : this.#bases.push(address) - 1;
    const offset = address - (this.#bases[index] ?? address);
    if (offset === 0n) return `addr${index + 1}`;
    return `addr${index + 1}${offset < 0n ? '-' : '+'}0x${(offset < 0n ? -offset : offset).toString(16)}`;
  }
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

/** printk's level, time stamp and caller id. */
const PRINTK_PREFIX = /^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?/;

/**
 * A console line without what differs between two boots: time stamps, process ids, kernel and user
 * addresses. The untouched text is in console.log.
 */
export function stableConsoleLine(line: string): string {
  return consoleLine(line)
    .replace(PRINTK_PREFIX, '')
    .replace(/\bPID: \d+/g, 'PID: *')
    .replace(/\b(?:0x)?(?:ffff[0-9a-f]{12}|00007[0-9a-f]{11}|0000ffff[0-9a-f]{8})\b/g, '<address>')
    .replace(USER_ADDRESS, '<address>');
}
