// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { ARCH_CONSTANTS, CONSTANTS } from '../uapi/constants.js';
import type { Arch } from '../uapi/arch.js';
import type { Profile } from '../uapi/profiles/index.js';
import { BOOT_GPA } from '../program/guest-layout.js';
import type { ObjectKind } from '../program/params.js';
import { CaseError } from './case-error.js';
import { evaluate, ExprError } from './expr.js';
import type { Scalar } from './raw.js';
import type { Path, Source } from './source.js';

/** What a suite is expanded for. */
export interface Context {
  arch: Arch;
  profile: Profile;
  /** Bytes. */
  pageSize: number;
}

/** Everything one point may refer to: constants, its variables, its nonces, the objects made so far. */
export class Scope {
  private constructor(
    readonly source: Source,
    readonly context: Context,
    private readonly id: string,
    private readonly vars: Readonly<Record<string, Scalar>>,
    readonly objects: Map<string, ObjectKind>,
  ) {}

  static forPoint(
    source: Source,
    context: Context,
    id: string,
    vars: Readonly<Record<string, Scalar>>,
  ): Scope {
    return new Scope(source, context, id, vars, new Map([['kvm', 'kvm']]));
  }

  /** A copy whose new objects stay its own: the child of a fork. */
  child(): Scope {
    return new Scope(this.source, this.context, this.id, this.vars, new Map(this.objects));
  }

  /** A 64-bit number: -2^63 … 2^64-1. @throws CaseError */
  number(value: unknown, path: Path): bigint {
    const result = typeof value === 'string' ? this.evaluate(value, path) : value;
    if (typeof result !== 'bigint') throw this.error(path, `expected an integer, got ${String(value)}`);
    if (result < -(1n << 63n) || result >= 1n << 64n) {
      throw this.error(path, `expected a value that fits 64 bits, got ${result.toString()}`);
    }
    return result;
  }

  /** A word, which a variable may provide. @throws CaseError */
  word(value: unknown, path: Path): string {
    const text = String(value);
    if (!text.startsWith('$')) return text;
    const found = this.vars[text.slice(1)];
    if (found === undefined) throw this.error(path, `unknown variable '${text}'${this.known()}`);
    return String(found);
  }

  error(path: Path, problem: string, column?: number): CaseError {
    return new CaseError(this.source.place(path, column), problem);
  }

  private evaluate(text: string, path: Path): bigint {
    try {
      return evaluate(text, (name) => this.lookup(name, path));
    } catch (e) {
      if (!(e instanceof ExprError)) throw e;
      throw this.error(
        path,
        `${e.message} in '${text}'${e.message.includes("'$") ? this.known() : ''}`,
        e.column,
      );
    }
  }

  private lookup(name: string, path: Path): bigint | undefined {
    if (name.startsWith('$')) {
      const value = this.vars[name.slice(1)];
      // A variable's text may use constants, not variables: nothing can recurse.
      if (typeof value !== 'string') return value;
      return evaluate(value, (inner) => (inner.startsWith('$') ? undefined : this.lookup(inner, path)));
    }
    if (name === 'page_size') return BigInt(this.context.pageSize);
    if (name === 'boot_gpa') return BOOT_GPA;
    if (name.startsWith('nonce.')) return nonce(`${this.id} ${name}`);
    const { arch, profile } = this.context;
    return profile.constants[name] ?? ARCH_CONSTANTS[arch][name] ?? CONSTANTS[name];
  }

  private known(): string {
    const names = Object.keys(this.vars);
    return names.length === 0
      ? ' (this case has no variables)'
      : ` (known: ${names.map((n) => `$${n}`).join(', ')})`;
  }
}

/** A 64-bit value that no other point uses, never zero and the same in every run. */
function nonce(seed: string): bigint {
  return createHash('sha256').update(seed).digest().readBigUInt64LE() | 1n;
}
