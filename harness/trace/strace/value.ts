// SPDX-License-Identifier: GPL-2.0-only
import { symbolValue } from './symbols.js';

/** An argument, or a member of one, as far as its text says what it is. */
export type Value =
  /** A number, flags by name included; `path` is what `-y` says of a descriptor. */
  | { readonly kind: 'number'; readonly value: bigint; readonly path?: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'struct'; readonly members: ReadonlyMap<string, Value> }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  /** Something else; the log says more than this reader understands. */
  | { readonly kind: 'opaque' };

/** An argument of a call; some have names (`child_stack=NULL`). */
export interface Argument {
  readonly name?: string;
  readonly value: Value;
}

const OPAQUE: Value = { kind: 'opaque' };
const MAX_DEPTH = 32;
const NUMBER = /-?(?:0[xX][0-9a-fA-F]+|\d+)/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NAME = /([A-Za-z_][A-Za-z0-9_.]*)=/y;
const SPACE = /\s+/y;
const STRING = /"((?:[^"\\]|\\.)*)"(?:\.\.\.)?/y;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The text ends within a value, or brackets do not match. */
export class ValueError extends Error {
  override name = 'ValueError';
}

/** Reads the argument list of a call. */
export class ValueReader {
  at: number;

  /** @param text a line; @param at where to begin, just after the opening parenthesis */
  constructor(
    readonly text: string,
    at: number,
  ) {
    this.at = at;
  }

  /** Arguments up to the closing parenthesis, which is consumed. @throws ValueError */
  args(): Argument[] {
    return this.#sequence(')', 0);
  }

  #sequence(close: string, depth: number): Argument[] {
    if (depth > MAX_DEPTH) throw new ValueError(`expected at most ${MAX_DEPTH} nested brackets`);
    const all: Argument[] = [];
    for (;;) {
      this.#space();
      const c = this.text[this.at];
      if (c === undefined) throw new ValueError(`expected '${close}', got the end of the line`);
      if (c === close) {
        this.at++;
        return all;
      }
      if (c === ',') {
        this.at++;
        continue;
      }
      const name = this.#match(NAME)?.[1];
      all.push({ ...(name === undefined ? {} : { name }), value: this.#value(depth) });
    }
  }

  #value(depth: number): Value {
    const first = this.#simple(depth);
    this.#space();
    if (this.#ends()) return first;
    // A value that changed (`{…} => {…}`), a slice, a shift: the first part is what the call was given.
    const changed = this.text.startsWith('=>', this.at);
    this.#rest(depth);
    return changed ? first : OPAQUE;
  }

  #simple(depth: number): Value {
    const c = this.text[this.at];
    if (c === '{') {
      this.at++;
      return { kind: 'struct', members: members(this.#sequence('}', depth + 1)) };
    }
    if (c === '[') {
      this.at++;
      return { kind: 'list', items: this.#sequence(']', depth + 1).map((a) => a.value) };
    }
    const string = this.#string();
    return string ? { kind: 'string', text: string[1] ?? '' } : this.#flags(depth);
  }

  /** Numbers and names joined by `|`. */
  #flags(depth: number): Value {
    let sum = 0n;
    let path: string | undefined;
    for (;;) {
      const term = this.#term(depth);
      if (term === undefined) return OPAQUE;
      sum |= term;
      if (this.text[this.at] === '<') path = this.#path();
      this.#space();
      if (this.text[this.at] !== '|') break;
      this.at++;
    }
    return { kind: 'number', value: sum, ...(path === undefined ? {} : { path }) };
  }

  #term(depth: number): bigint | undefined {
    const digits = this.#match(NUMBER)?.[0];
    if (digits !== undefined) return integer(digits);
    const word = this.#match(WORD)?.[0];
    if (word === undefined) return undefined;
    if (this.text[this.at] !== '(') return symbolValue(word);
    this.at++;
    const inner = this.#sequence(')', depth + 1).map(({ value }) => value);
    return word === '_IOC' ? ioc(inner) : undefined;
  }

  /** `<anon_inode:[guest_memfd]>`, `</dev/kvm<char 10:232>>`. */
  #path(): string {
    const from = this.at + 1;
    let open = 0;
    for (; this.at < this.text.length; this.at++) {
      const c = this.text[this.at];
      // The arrow of a socket pair's inodes closes nothing.
      if (c === '<') open++;
      else if (c === '>' && this.text[this.at - 1] !== '-' && --open === 0) {
        return this.text.slice(from, this.at++);
      }
    }
    throw new ValueError("expected '>', got the end of the line");
  }

  /** Whether a value ends here. */
  #ends(): boolean {
    const c = this.text[this.at];
    return c === undefined || c === ',' || c === ')' || c === ']' || c === '}';
  }

  /** Skip what is not understood up to the end of the value. */
  #rest(depth: number): void {
    while (!this.#ends()) {
      const c = this.text[this.at] ?? '';
      const close = CLOSING[c];
      if (close !== undefined) {
        this.at++;
        this.#sequence(close, depth + 1);
      } else if (!this.#string()) this.at++;
    }
  }

  /** Skip blanks and comments; each character is looked at once, however many comments do not end. */
  #space(): void {
    for (;;) {
      this.#match(SPACE);
      if (!this.text.startsWith('/*', this.at)) return;
      const end = this.text.indexOf('*/', this.at + 2);
      if (end < 0) throw new ValueError("expected '*/', got the end of the line");
      this.at = end + 2;
    }
  }

  #string(): RegExpExecArray | undefined {
    const found = this.#match(STRING);
    // Looked for from every quote anew, the end of the line would be far too often.
    if (!found && this.text[this.at] === '"') throw new ValueError("expected '\"', got the end of the line");
    return found;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return undefined;
    this.at = pattern.lastIndex;
    return found;
  }
}

function members(all: readonly Argument[]): ReadonlyMap<string, Value> {
  return new Map(all.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value] as const])));
}

/** Decimal, hexadecimal, and octal as C writes it. */
export function integer(text: string): bigint {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const value = /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
  return negative ? -value : value;
}

/** `_IOC(_IOC_READ|_IOC_WRITE, 0xae, 0xd4, 0x40)` (asm-generic/ioctl.h). */
function ioc(inner: readonly Value[]): bigint | undefined {
  const [dir, type, nr, size] = inner.map((v) => (v.kind === 'number' ? v.value : undefined));
  if (dir === undefined || type === undefined || nr === undefined || size === undefined) return undefined;
  return (dir << 30n) | (size << 16n) | (type << 8n) | nr;
}
