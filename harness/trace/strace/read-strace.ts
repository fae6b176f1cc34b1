// SPDX-License-Identifier: GPL-2.0-only
import { step } from '../../program/make.js';
import type { StepResult } from '../../program/trace.js';
import { CallJoiner } from './calls.js';
import type { Event } from './calls.js';
import { FILE_CALLS } from './file-calls.js';
import { ioctl } from './ioctls.js';
import { linesOf } from './lines.js';
import type { NumberedLine } from './lines.js';
import { MEMORY_CALLS } from './memory-calls.js';
import type { Observed, ReadTotals } from './observed.js';
import { CallContext, Session } from './session.js';
import type { Value } from './value.js';

/** Totals before anything was read. */
export const noTotals = (): ReadTotals => ({
  lines: 0,
  steps: 0,
  partly: 0,
  skipped: new Map(),
  unfinished: 0,
});

/**
 * Read a log of `strace -f` as steps on the objects of the interface, one line at a time.
 * @param totals counted up while the log is read
 * @throws TraceFileError for what strace does not write, and for a file that cannot be read
 */
export async function* readStrace(path: string, totals: ReadTotals = noTotals()): AsyncGenerator<Observed> {
  yield* observe(path, linesOf(path), totals);
}

/** The same for lines from elsewhere; `file` is for messages. */
export async function* observe(
  file: string,
  lines: AsyncIterable<NumberedLine> | Iterable<NumberedLine>,
  totals: ReadTotals = noTotals(),
): AsyncGenerator<Observed> {
  const joiner = new CallJoiner(file);
  const session = new Session(file);
  for await (const line of lines) {
    totals.lines++;
    for (const event of joiner.line(line)) handle(session, event, totals);
    for (const seen of session.take()) {
      if (seen.kind === 'step') totals.steps++;
      if (seen.kind === 'step' && seen.unknown.length > 0) totals.partly++;
      yield seen;
    }
  }
  totals.unfinished = joiner.unfinished;
}

function handle(session: Session, event: Event, totals: ReadTotals): void {
  const { pid } = event;
  const where = `${session.file}:${event.where}`;
  switch (event.kind) {
    case 'birth':
      session.setTable(event.child, session.table(pid).child(event.sharing));
      return session.emit({ kind: 'birth', pid, where, child: event.child, sharing: event.sharing });
    case 'end':
      session.end(pid);
      return session.emit({ kind: 'end', pid, where });
    case 'signal':
      return fault(session, event);
    case 'call':
      if (call(session, event)) return;
      totals.skipped.set(event.name, (totals.skipped.get(event.name) ?? 0) + 1);
  }
}

/** @returns whether the call was of interest */
function call(session: Session, event: Event & { kind: 'call' }): boolean {
  const cx = new CallContext(session, event);
  if (event.name === 'ioctl') return ioctl(cx);
  if (/^execve(at)?$/.test(event.name)) return cx.ok && exec(cx);
  const table = Object.hasOwn(FILE_CALLS, event.name) ? FILE_CALLS : MEMORY_CALLS;
  const handler = Object.hasOwn(table, event.name) ? table[event.name] : undefined;
  return handler?.(cx) ?? false;
}

function exec(cx: CallContext): boolean {
  const { table, closed } = cx.table.exec();
  cx.session.setTable(cx.call.pid, table);
  cx.session.emit({ kind: 'exec', pid: cx.call.pid, where: cx.where, closed });
  return true;
}

const SIGNALS: Readonly<Record<string, 'SIGBUS' | 'SIGSEGV'>> = { SIGBUS: 'SIGBUS', SIGSEGV: 'SIGSEGV' };

/** An access that was refused; by the signal alone one cannot tell a load from a store. */
function fault(session: Session, event: Event & { kind: 'signal' }): void {
  const signal = SIGNALS[event.name];
  const number = (v: Value | undefined): bigint | undefined => (v?.kind === 'number' ? v.value : undefined);
  const address = number(event.info.get('si_addr'));
  const code = number(event.info.get('si_code'));
  const within = address === undefined ? undefined : session.table(event.pid).at(address);
  if (signal === undefined || code === undefined || !within) return;
  const { map, offset } = within;
  const result: StepResult = {
    state: 'done',
    errno: 'EFAULT',
    fields: {},
    fault: { signal, code, at: offset },
    calls: [],
    durationNs: 0n,
    children: [],
  };
  session.emit({
    kind: 'step',
    pid: event.pid,
    where: `${session.file}:${event.where}`,
    step: step('load', { map: map.name, offset, width: 1n }).step,
    unknown: ['access'],
    result,
  });
}
