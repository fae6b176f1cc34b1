// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { ARCH_CONSTANTS, CONSTANTS } from '../uapi/constants.js';
import type { Arch } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { BOOT_GPA } from '../program/guest-layout.js';
import { CaseError } from './case-error.js';
import { suggestion } from './closest.js';
import { evaluate, ExprError } from './expr.js';
import { Objects } from './objects.js';
import type { Scalar } from './raw.js';
import type { Path, Source } from './source.js';

/** What a suite is expanded for. */
export interface Context {
  arch: Arch;
  profile: Profile;
  /** Bytes. */
  pageSize: number;
  /** `ends`: of a repetition only the first, second and last round are built, to check a case without running it. */
  rounds?: 'ends';
  /** How often at most the steps of a case are built that run several times after one fixture. */
  times?: number;
}

/** Executors take 65,536 ops (kernels/agent/protocol.h), and a step is a few of them. */
const MAX_STEPS = 12_000;

/** Everything one point may refer to: constants, its variables, its nonces, the objects made so far. */
export class Scope {
  private constructor(
    readonly source: Source,
    readonly context: Context,
    private readonly id: string,
    private readonly vars: Readonly<Record<string, Scalar>>,
    readonly objects: Objects,
    /** Steps of this suite and context that were built already, by their raw form. */
    readonly steps: Map<object, unknown>,
    /** Repetitions that the steps are in. */
    readonly repetitions = 0,
    /** Steps of this point so far, those of repetitions and children included. */
    private readonly built = { steps: 0, raced: false },
    /** Steps that each step stands for, where not all rounds are built. */
    private readonly weight = 1,
    /** These steps are those of one thread among several. */
    readonly threaded = false,
  ) {}

  static forPoint(
    source: Source,
    context: Context,
    id: string,
    vars: Readonly<Record<string, Scalar>>,
    steps = new Map<object, unknown>(),
  ): Scope {
    return new Scope(source, context, id, vars, new Objects([['kvm', 'kvm']]), steps);
  }

  /** A copy whose new objects stay its own: the child of a fork, or a thread. */
  child(threaded = false): Scope {
    const { source, context, id, vars, objects, steps, repetitions, built, weight } = this;
    return new Scope(source, context, id, vars, objects.copy(), steps, repetitions, built, weight, threaded);
  }

  /** Take note of steps that run at the same time: what the steps after them see may depend on their order. */
  race(): void {
    this.built.raced = true;
  }

  /** Whether an outcome may depend on which of several threads came first. */
  get raced(): boolean {
    return this.threaded || this.built.raced;
  }

  /**
   * The same scope, objects included, with further variables: one round of a repetition.
   * @param standsFor rounds for which this one is built
   */
  round(vars: Readonly<Record<string, Scalar>>, standsFor = 1): Scope {
    const { source, context, id, objects, steps, repetitions, built, weight, threaded } = this;
    const all = { ...this.vars, ...vars };
    const heavier = weight * standsFor;
    return new Scope(source, context, id, all, objects, steps, repetitions + 1, built, heavier, threaded);
  }

  /** The same scope, whose steps stand for those of so many times that they run. */
  times(standsFor: number): Scope {
    const { source, context, id, vars, objects, steps, repetitions, built, weight, threaded } = this;
    const heavier = weight * standsFor;
    return new Scope(source, context, id, vars, objects, steps, repetitions, built, heavier, threaded);
  }

  /** Take note of one more step. @throws CaseError when a point has more than any executor should be given */
  count(path: Path): void {
    this.built.steps += this.weight;
    if (this.built.steps > MAX_STEPS)
      throw this.error(path, `expected at most ${MAX_STEPS} steps in a point, repetitions included`);
  }

  hasVariable(name: string): boolean {
    return Object.hasOwn(this.vars, name);
  }

  /** A 64-bit number: -2^63 … 2^64-1. @throws CaseError */
  number(value: unknown, path: Path): bigint {
    const result = typeof value === 'string' ? this.evaluate(value, path) : value;
    if (typeof result !== 'bigint') throw this.error(path, `expected a number, got ${String(value)}`);
    if (result < -(1n << 63n) || result >= 1n << 64n) {
      throw this.error(path, `expected a value that fits 64 bits, got ${result.toString()}`);
    }
    return result;
  }

  /** A word, which a variable may provide. @throws CaseError */
  word(value: unknown, path: Path): string {
    const text = String(value);
    if (!text.startsWith('$')) return text;
    const found = own(this.vars, text.slice(1));
    if (found === undefined) throw this.error(path, `unknown variable '${text}'${this.hint(text)}`);
    return String(found);
  }

  error(path: Path, problem: string, column?: number): CaseError {
    return new CaseError(this.source.place(path, column), problem);
  }

  /** An error of the key at `path` rather than of its value. */
  keyError(path: Path, problem: string): CaseError {
    return new CaseError(this.source.keyPlace(path), problem);
  }

  private evaluate(text: string, path: Path): bigint {
    try {
      return evaluate(text, (name) => this.lookup(name, path));
    } catch (e) {
      if (!(e instanceof ExprError)) throw e;
      throw this.error(path, `${e.message} in '${text}'${this.hint(e.unknown)}`, e.column);
    }
  }

  private lookup(name: string, path: Path): bigint | undefined {
    if (name.startsWith('$')) {
      const value = own(this.vars, name.slice(1));
      return typeof value === 'string' ? this.valueOf(name, value, path) : value;
    }
    if (name === 'page_size') return BigInt(this.context.pageSize);
    if (name === 'boot_gpa') return BOOT_GPA;
    if (name.startsWith('nonce.')) return nonce(`${this.id} ${name}`);
    for (const constants of this.constants()) {
      const value = own(constants, name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The value of a variable's text, which may use constants, not variables: nothing can recurse. */
  private valueOf(name: string, text: string, path: Path): bigint {
    try {
      return evaluate(text, (inner) => (inner.startsWith('$') ? undefined : this.lookup(inner, path)));
    } catch (e) {
      if (!(e instanceof ExprError)) throw e;
      const hint = e.unknown?.startsWith('$') ? ' (a value cannot use variables)' : this.hint(e.unknown);
      throw this.error(path, `${e.message} in '${text}', a value of ${name}${hint}`);
    }
  }

  private constants(): Readonly<Record<string, bigint>>[] {
    const { arch, profile } = this.context;
    return [profile.constants, ARCH_CONSTANTS[arch], CONSTANTS];
  }

  /** What could have been meant by an unknown name or variable. */
  private hint(unknown: string | undefined): string {
    if (unknown === undefined) return '';
    if (unknown.startsWith('$')) {
      const names = Object.keys(this.vars).map((n) => `$${n}`);
      return names.length === 0 ? ' (this case has no variables)' : ` (known: ${names.join(', ')})`;
    }
    const { profile } = this.context;
    const others = PROFILES.filter((p) => Object.hasOwn(p.constants, unknown)).map((p) => p.id);
    if (others.length > 0) return ` (${profile.id} has none, only ${others.join(', ')} do)`;
    return suggestion(unknown, ['page_size', 'boot_gpa', ...this.constants().flatMap(Object.keys)]);
  }
}

/** A record's own member: names in a case are not those of Object.prototype. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A 64-bit value that no other point uses, never zero and the same in every run. */
function nonce(seed: string): bigint {
  const known = nonces.get(seed);
  if (known !== undefined) return known;
  const value = createHash('sha256').update(seed).digest().readBigUInt64LE() | 1n;
  nonces.set(seed, value);
  return value;
}

/** Hashing is dear beside everything else here, and each nonce is asked for in many contexts. */
const nonces = new Map<string, bigint>();
