// SPDX-License-Identifier: GPL-2.0-only
/**
 * Arithmetic over named constants, the only computation a case may contain. C's operators and precedence on
 * exact integers; a shift count is at most 64 and an expression at most 200 characters, so nothing a hostile
 * file can write costs more than a microsecond. Values outside -2^63 … 2^64-1 are refused where they are used.
 */
export class ExprError extends Error {
  override name = 'ExprError';
  constructor(
    message: string,
    /** 0-based column in the expression. */
    readonly column: number,
    /** The name or variable that is not known, when that is the problem. */
    readonly unknown?: string,
  ) {
    super(message);
  }
}

/** Looks up a name (`page_size`) or a variable (`$bit`, `$row.size`); undefined when unknown. */
export type Lookup = (name: string) => bigint | undefined;

const MAX_LENGTH = 200;
const LEVELS: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const TOKEN = /\s*(?:(0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)|(\$?[A-Za-z_][A-Za-z0-9_.]*)|(<<|>>|[-+*/%&|^~()]))/y;

interface Token {
  text: string;
  kind: 'number' | 'name' | 'op';
  column: number;
}

function tokenize(source: string): Token[] {
  if (source.length > MAX_LENGTH) {
    throw new ExprError(
      `expected an expression of at most ${MAX_LENGTH} characters, got ${source.length}`,
      0,
    );
  }
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const m = TOKEN.exec(source);
    if (!m) {
      const rest = source.slice(at).trim();
      throw new ExprError(
        `expected a number, a name or an operator, got '${rest}'`,
        source.indexOf(rest, at),
      );
    }
    const text = m[1] ?? m[2] ?? m[3] ?? '';
    const kind = m[1] !== undefined ? 'number' : m[2] !== undefined ? 'name' : 'op';
    tokens.push({ text, kind, column: TOKEN.lastIndex - text.length });
  }
  return tokens;
}

class Parser {
  private pos = 0;
  constructor(
    private readonly tokens: readonly Token[],
    private readonly source: string,
    private readonly lookup: Lookup,
  ) {}

  whole(): bigint {
    const value = this.binary(0);
    const rest = this.tokens[this.pos];
    if (rest) throw new ExprError(`expected an operator, got '${rest.text}'`, rest.column);
    return value;
  }

  private binary(level: number): bigint {
    const ops = LEVELS[level];
    if (!ops) return this.unary();
    let left = this.binary(level + 1);
    for (;;) {
      const t = this.tokens[this.pos];
      if (t?.kind !== 'op' || !ops.includes(t.text)) return left;
      this.pos++;
      left = apply(t, left, this.binary(level + 1));
    }
  }

  private unary(): bigint {
    const t = this.tokens[this.pos++];
    if (!t) throw new ExprError('expected a value', this.source.length);
    if (t.kind === 'number') return BigInt(t.text.replaceAll('_', ''));
    if (t.kind === 'name') {
      const value = this.lookup(t.text);
      if (value === undefined) {
        const what = t.text.startsWith('$') ? 'variable' : 'name';
        throw new ExprError(`unknown ${what} '${t.text}'`, t.column, t.text);
      }
      return value;
    }
    if (t.text === '-') return -this.unary();
    if (t.text === '~') return ~this.unary();
    if (t.text === '(') {
      const value = this.binary(0);
      const close = this.tokens[this.pos++];
      if (close?.text !== ')') throw new ExprError("expected ')'", close?.column ?? this.source.length);
      return value;
    }
    throw new ExprError(`expected a value, got '${t.text}'`, t.column);
  }
}

function apply(op: Token, a: bigint, b: bigint): bigint {
  switch (op.text) {
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '<<':
    case '>>':
      if (b < 0n || b > 64n)
        throw new ExprError(`expected a shift count from 0 to 64, got ${b.toString()}`, op.column);
      return op.text === '<<' ? a << b : a >> b;
    default:
      if (b === 0n) throw new ExprError('division by zero', op.column);
      return op.text === '/' ? a / b : a % b;
  }
}

/**
 * Evaluate an expression to an exact integer.
 * @throws ExprError with the column, for syntax, unknown names, division by zero and oversized shifts
 */
export function evaluate(source: string, lookup: Lookup): bigint {
  return new Parser(tokenize(source), source, lookup).whole();
}
