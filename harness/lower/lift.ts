// SPDX-License-Identifier: GPL-2.0-only
import { faultText } from '../program/describe.js';
import type { Fault, StepResult } from '../program/trace.js';
import { errnoName } from '../uapi/errno.js';
import type { Builder } from './builder.js';
import type { Lifted, MapObject, Results } from './context.js';
import type { WireResult } from './wire.js';

const SIGNALS: Readonly<Record<number, Fault['signal']>> = { 0: 'refused', 7: 'SIGBUS', 11: 'SIGSEGV' };

/** Read the results of ops [first, end), the ops of one step. */
export function liftStep(b: Builder, r: Results, lifted: Lifted, first: number, end: number): StepResult {
  const main = r.op(lifted.main);
  const children = lifted.children?.map((lift) => lift(r)) ?? [];
  const threads = lifted.threads?.map((steps) => steps.map((lift) => lift(r)));
  const own = Array.from({ length: end - first }, (_, i) => first + i);
  // The calls of a forked child and of threads are rendered with their own steps.
  const shown = lifted.children || threads ? own.slice(0, 1) : own;
  const calls = shown.flatMap((i) => {
    const text = b.texts[i];
    const result = r.op(i);
    // Set-up is worth a line only when it went wrong.
    const hidden =
      text === undefined || (text.quiet === true && result.status === 'done' && result.errno === 0);
    return hidden ? [] : [`${text.call} = ${outcome(result, text.result, lifted.map, r)}`];
  });
  const fault = main.status === 'fault' ? faultOf(main, lifted.map, r) : undefined;
  const done = main.status === 'done' && main.errno === 0;
  const trouble =
    troubleOf(b, r, shown) ??
    (lifted.children ? childTrouble(main) : undefined) ??
    (threads && main.status === 'done' && !done
      ? `the threads could not be started: ${errnoName(main.errno)}`
      : undefined) ??
    (done ? lifted.trouble?.(r) : undefined);
  return {
    state: main.status === 'fault' ? 'done' : main.status,
    errno: main.status === 'fault' ? 'EFAULT' : errnoName(main.errno),
    fields: main.status === 'done' ? unsigned(lifted.fields?.(r) ?? {}) : {},
    ...(fault ? { fault } : {}),
    ...(trouble === undefined ? {} : { trouble }),
    calls: [
      ...calls,
      ...children.flatMap((c) => c.calls.map((line) => `  ${line}`)),
      ...(threads ?? []).flatMap((steps, i) => [
        `  thread ${i + 1}:`,
        ...steps.flatMap((s) => s.calls.map((line) => `    ${line}${spanText(s)}`)),
      ]),
    ],
    durationNs: threads ? main.durationNs : own.reduce((sum, i) => sum + r.op(i).durationNs, 0n),
    children,
    ...(threads ? { threads } : {}),
  };
}

/** ` @3..8`: the moments between which a step of a thread ran. */
function spanText({ span }: StepResult): string {
  return span ? ` @${span.start.toString()}..${span.end.toString()}` : '';
}

/** A failed set-up call, or one that the watchdog ended. */
function troubleOf(b: Builder, r: Results, ops: readonly number[]): string | undefined {
  for (const i of ops) {
    const text = b.texts[i];
    const op = b.ops[i];
    const { status, errno, timedOut } = r.op(i);
    if (text === undefined || op?.code !== 'syscall' || op.evenIfBroken || status !== 'done' || errno === 0)
      continue;
    if (timedOut) return `${text.call} was ended by the watchdog after ${op.timeoutMs} ms`;
    if (text.quiet) return `setting up failed: ${text.call} = -1 ${errnoName(errno)}`;
  }
  return undefined;
}

/** A fork reports the signal that ended the child, also one that came after its last step. */
function childTrouble({ status, ret, errno }: WireResult): string | undefined {
  return status === 'done' && errno === 0 && ret !== 0n
    ? `the child died of signal ${ret.toString()}`
    : undefined;
}

/** Fields are compared as the 64-bit patterns that cases write. */
function unsigned(fields: Record<string, bigint>): Record<string, bigint> {
  return Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, BigInt.asUintN(64, v)]));
}

function faultOf(result: WireResult, map: MapObject | undefined, r: Results): Fault {
  const signal = SIGNALS[result.signal] ?? 'SIGSEGV';
  if (signal === 'refused') return { signal };
  const base = map ? BigInt.asUintN(64, r.op(map.op).ret) : 0n;
  return { signal, code: BigInt(result.code), at: BigInt.asUintN(64, result.faultAddress - base) };
}

function outcome(
  result: WireResult,
  name: string | undefined,
  map: MapObject | undefined,
  r: Results,
): string {
  switch (result.status) {
    case 'not-run':
      return '? (not reached)';
    case 'in-flight':
      return '? <unfinished ...>';
    case 'dependency':
      return '? (not called: an object it needs was not made)';
    case 'fault':
      return faultText(faultOf(result, map, r));
    case 'done': {
      if (result.errno !== 0) return `-1 ${errnoName(result.errno)}${result.timedOut ? ' (watchdog)' : ''}`;
      if (name !== undefined) return name;
      const bits = BigInt.asUintN(64, result.ret);
      return bits < 65536n ? bits.toString() : `0x${bits.toString(16)}`;
    }
  }
}
