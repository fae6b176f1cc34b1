// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a program did, as far as it can be judged again: results of steps as small JSON, without calls and
 * durations. Members that say nothing are left out; a step that succeeded and has no fields is 0, one of which
 * there is only an errno is its name.
 */
import type { CrashReport } from '../program/crash.js';
import type { Fault, StepResult, Trace } from '../program/trace.js';

/** A result; absent members are those of a plain success. */
interface CodedResult {
  /** Its state, of a step that was not done. */
  s?: string;
  /** errno. */
  e?: string;
  /** Fields, as decimal digits. */
  f?: Record<string, string>;
  /** Signal, code and address of a fault. */
  x?: (string | null)[];
  /** Trouble of ours. */
  t?: string;
  /** Children. */
  c?: Coded[];
  /** Threads. */
  p?: Coded[][];
  /** Start and end of a step of a thread. */
  w?: string[];
}
type Coded = 0 | string | CodedResult;

/** A trace as JSON. */
export interface CodedTrace {
  steps: Coded[];
  cut?: string;
  /** Of a crash kind and title; the journal has the rest. */
  crash?: { kind: string; title: string };
}

/** @returns what {@link decodeTrace} takes back */
export function encodeTrace({ steps, cut, crash }: Trace): CodedTrace {
  return {
    steps: steps.map(encode),
    ...(cut !== undefined && { cut }),
    ...(crash && { crash: { kind: crash.kind, title: crash.title } }),
  };
}

function encode(r: StepResult): Coded {
  const fields = Object.entries(r.fields).map(([name, value]): [string, string] => [name, value.toString()]);
  const { fault, span } = r;
  const coded: CodedResult = {
    ...(r.state !== 'done' && { s: r.state }),
    ...(r.errno !== '0' && { e: r.errno }),
    ...(fields.length > 0 && { f: Object.fromEntries(fields) }),
    ...(fault && { x: [fault.signal, fault.code?.toString() ?? null, fault.at?.toString() ?? null] }),
    ...(r.trouble !== undefined && { t: r.trouble }),
    ...(r.children.length > 0 && { c: r.children.map(encode) }),
    ...(r.threads && { p: r.threads.map((thread) => thread.map(encode)) }),
    ...(span && { w: [span.start.toString(), span.end.toString()] }),
  };
  const [first, ...others] = Object.keys(coded);
  if (first === undefined) return 0;
  return first === 'e' && others.length === 0 ? r.errno : coded;
}

/** What is not a coded trace; the message says what was expected. */
export class TraceCodeError extends Error {
  override name = 'TraceCodeError';
}

const STATES = ['done', 'not-run', 'in-flight', 'dependency'] as const;
const SIGNALS = ['SIGBUS', 'SIGSEGV', 'refused'] as const;
const CRASHES = ['panic', 'oops', 'hang', 'lost', 'splat'] as const;
const RESULT_KEYS: readonly string[] = ['s', 'e', 'f', 'x', 't', 'c', 'p', 'w'];

/**
 * The inverse of {@link encodeTrace}, but for calls and durations, which come back empty.
 * @throws TraceCodeError
 */
export function decodeTrace(value: unknown): Trace {
  const { steps, cut, crash } = object(value, 'a trace');
  return {
    steps: results(steps),
    ...(cut !== undefined && { cut: string(cut, 'cut') }),
    ...(crash !== undefined && { crash: decodeCrash(crash) }),
  };
}

function decodeCrash(value: unknown): CrashReport {
  const { kind, title } = object(value, 'a crash');
  return { kind: oneOf(CRASHES, kind, 'a kind of crash'), title: string(title, 'a title'), excerpt: [] };
}

const results = (value: unknown): StepResult[] => list(value, 'results').map(decode);

const PLAIN = { calls: [], durationNs: 0n, children: [] } as const;

function decode(value: unknown): StepResult {
  if (value === 0) return { ...PLAIN, state: 'done', errno: '0', fields: {} };
  if (typeof value === 'string') return { ...PLAIN, state: 'done', errno: value, fields: {} };
  const coded = object(value, 'a result');
  const unknown = Object.keys(coded).find((key) => !RESULT_KEYS.includes(key));
  // A member that a later version added may change what the rest means.
  if (unknown !== undefined) throw new TraceCodeError(`only known members of a result, got '${unknown}'`);
  const { s, e, f, x, t, c, p, w } = coded;
  return {
    ...PLAIN,
    state: s === undefined ? 'done' : oneOf(STATES, s, 'a state'),
    errno: e === undefined ? '0' : string(e, 'an errno'),
    fields: f === undefined ? {} : decodeFields(f),
    ...(x !== undefined && { fault: decodeFault(x) }),
    ...(t !== undefined && { trouble: string(t, 'trouble') }),
    ...(c !== undefined && { children: results(c) }),
    ...(p !== undefined && { threads: list(p, 'threads').map(results) }),
    ...(w !== undefined && { span: decodeSpan(w) }),
  };
}

function decodeFields(value: unknown): Record<string, bigint> {
  const entries = Object.entries(object(value, 'fields'));
  return Object.fromEntries(entries.map(([name, digits]) => [name, integer(digits)]));
}

function decodeFault(value: unknown): Fault {
  const [signal, code, at] = list(value, 'signal, code and address');
  return {
    signal: oneOf(SIGNALS, signal, 'a signal'),
    ...(code !== null && { code: integer(code) }),
    ...(at !== null && { at: integer(at) }),
  };
}

function decodeSpan(value: unknown): { start: bigint; end: bigint } {
  const [start, end] = list(value, 'start and end');
  return { start: integer(start), end: integer(end) };
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TraceCodeError(`${what} as an object`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TraceCodeError(`a list of ${what}`);
  return value;
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TraceCodeError(`a string as ${what}`);
  return value;
}

function integer(value: unknown): bigint {
  if (typeof value !== 'string' || !/^-?\d+$/.test(value))
    throw new TraceCodeError('decimal digits as a number');
  return BigInt(value);
}

function oneOf<T extends string>(known: readonly T[], value: unknown, what: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new TraceCodeError(`${what}, one of ${known.join(', ')}`);
  return found;
}
