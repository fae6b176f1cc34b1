// SPDX-License-Identifier: GPL-2.0-only
import { integer, ValueError, ValueReader } from './value.js';
import type { Argument, Value } from './value.js';

/** What a call returned. */
export interface Returned {
  /** Name of the errno, `0` when it succeeded, undefined when the log does not say. */
  readonly errno?: string;
  readonly value?: bigint;
  /** What `-y` says of a descriptor that was returned. */
  readonly path?: string;
}

/** What a line says, without the time of it. `pid` is absent where strace prints none. */
export type Line = { readonly pid?: number } & (
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Argument[];
      readonly returned: Returned;
    }
  | { readonly kind: 'unfinished'; readonly name: string; readonly text: string }
  | { readonly kind: 'resumed'; readonly name: string; readonly text: string }
  | { readonly kind: 'signal'; readonly name: string; readonly info: ReadonlyMap<string, Value> }
  | { readonly kind: 'end' }
  /** Of strace itself, and notes that say nothing of the program. */
  | { readonly kind: 'note' }
);

const PREFIX = /^(?:\[pid\s+(\d+)\]\s*|(\d+)\s+(?=[^\s.:]))?/;
/** -r, -t, -tt, -ttt; both pids and times may stand first. */
const TIME = /^(?:\(?\+?\s*\d+(?:\.\d+)\)?\s+|\d\d:\d\d:\d\d(?:\.\d+)?\s+)*/;
/** -i, the instruction pointer; -n, the number of the call. */
const EXTRAS = /^(?:\[\s*(?:[0-9a-f]{8,16}|\d+)\]\s+)*/;
const CALL = /^([a-z_][a-z0-9_]*(?:#[0-9]+)?)\(/;
const RESUMED = /^<\.\.\. ([a-z_][a-z0-9_]*) resumed>\s?/;
const SIGNAL = /^--- (SIG[A-Z0-9+_]+)(.*)---$/;
const UNFINISHED = '<unfinished ...>';
const RETURNED = /^\s*=\s*(\?|-?(?:0x[0-9a-f]+|\d+))(?:<(.*?)>(?=\s|$))?(?:\s+(E[A-Z0-9]+))?/;

/** A line that strace did not write. @returns what was expected */
export class LineError extends Error {
  override name = 'LineError';
}

/** Parse one line of `strace -f`. @throws LineError */
export function parseLine(text: string): Line {
  const prefix = PREFIX.exec(text);
  const digits = prefix?.[1] ?? prefix?.[2];
  const pid = digits === undefined ? {} : { pid: Number(digits) };
  let body = text
    .slice(prefix?.[0].length ?? 0)
    .replace(TIME, '')
    .replace(EXTRAS, '')
    .trimEnd();
  // Numbers of processes stand first or, with -r to a file, before the time; nothing else is a bare number.
  body = body.trimStart();
  if (body === '' || body.startsWith('strace: ')) return { kind: 'note' };
  if (body.startsWith('+++ ')) return { ...pid, kind: body.includes('superseded') ? 'note' : 'end' };
  const signal = SIGNAL.exec(body);
  if (signal) return { ...pid, kind: 'signal', name: signal[1] ?? '', info: siginfo(signal[2] ?? '') };
  if (body.startsWith('--- ') || body.startsWith('> ') || body.startsWith('| ')) return { kind: 'note' };
  const resumed = RESUMED.exec(body);
  if (resumed)
    return { ...pid, kind: 'resumed', name: resumed[1] ?? '', text: body.slice(resumed[0].length) };
  const name = CALL.exec(body)?.[1];
  if (name === undefined) throw new LineError('expected a line of strace, such as `ioctl(3, …) = 0`');
  if (body.endsWith(UNFINISHED))
    return { ...pid, kind: 'unfinished', name, text: body.slice(0, -UNFINISHED.length).trimEnd() };
  return { ...pid, ...parseCall(body) };
}

/** Parse a whole call, `name(…) = value`. @throws LineError */
export function parseCall(text: string): Line & { kind: 'call' } {
  const name = CALL.exec(text)?.[1];
  if (name === undefined) throw new LineError('expected the name of a call');
  try {
    const reader = new ValueReader(text, name.length + 1);
    const args = reader.args();
    return { kind: 'call', name, args, returned: returnOf(text.slice(reader.at)) };
  } catch (error) {
    if (error instanceof ValueError) throw new LineError(error.message);
    throw error;
  }
}

function returnOf(text: string): Returned {
  const found = RETURNED.exec(text);
  if (!found) throw new LineError("expected ' = ' and a result after the arguments");
  const [, digits = '?', path, errno] = found;
  if (digits === '?') return {};
  const value = integer(digits);
  return {
    errno: value === -1n && errno !== undefined ? errno : '0',
    value,
    ...(path === undefined ? {} : { path }),
  };
}

function siginfo(text: string): ReadonlyMap<string, Value> {
  try {
    const value = new ValueReader(`${text.trim()})`, 0).args()[0]?.value;
    return value?.kind === 'struct' ? value.members : new Map<string, Value>();
  } catch (error) {
    if (error instanceof ValueError) throw new LineError(error.message);
    throw error;
  }
}
