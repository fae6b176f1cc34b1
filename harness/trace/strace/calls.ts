// SPDX-License-Identifier: GPL-2.0-only
import { makesProcess, sharingOf, sharingOfUnfinished } from './births.js';
import type { Sharing } from './births.js';
import { LineError, parseCall, parseLine } from './line.js';
import type { Line } from './line.js';
import type { NumberedLine } from './lines.js';
import { Pids } from './pids.js';
import { TraceFileError } from './trace-file-error.js';

type Call = Line & { readonly kind: 'call' };
type Signal = Line & { readonly kind: 'signal' };

/** What happened, in the order in which calls returned; `where` is the number of the line. */
export type Event = { readonly pid: number; readonly where: number } & (
  | (Call & {
      /** A call of another process ran at the same time; the log does not tell their order. */
      readonly overlapped: boolean;
    })
  | Signal
  | { readonly kind: 'end' }
  | { readonly kind: 'birth'; readonly child: number; readonly sharing: Sharing }
);

interface Pending {
  readonly name: string;
  readonly text: string;
  readonly where: number;
  overlapped: boolean;
}

/** Calls that may be unfinished at once; each holds a line. */
const MAX_PENDING = 4096;

/** Calls that wait for others, or change nothing that others see: what returns meanwhile does not race with them. */
const WAITING =
  /^(?:wait|read|recv|p?poll|p?select|epoll|futex|nanosleep|clock_|clone|v?fork|execve|exit|rt_sig|pause)|^ioctl\(.*(?:KVM_RUN|0xae80)/;

/** Whole events from the lines of a log; the halves of calls that others interrupted are joined. */
export class CallJoiner {
  readonly #pending = new Map<number, Pending>();
  readonly #pids = new Pids();
  readonly #born = new Set<number>();

  constructor(readonly file: string) {}

  /** Calls that have not returned so far. */
  get unfinished(): number {
    return this.#pending.size;
  }

  /** @returns what the line completes. @throws TraceFileError */
  line({ text, number }: NumberedLine): Event[] {
    try {
      return this.#events(parseLine(text), text, number);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      const got = text.length > 80 ? `${text.slice(0, 80)}…` : text;
      throw new TraceFileError(this.file, number, `${error.message}; got: ${got}`);
    }
  }

  #events(line: Line, text: string, where: number): Event[] {
    if (line.kind === 'note') {
      this.#pids.note(text);
      return [];
    }
    const pid = this.#pids.of(line.pid);
    return [...this.#birthBefore(pid, where), ...this.#event(line, pid, where)];
  }

  #event(line: Exclude<Line, { kind: 'note' }>, pid: number, where: number): Event[] {
    switch (line.kind) {
      case 'unfinished': {
        if (this.#pending.size >= MAX_PENDING)
          throw new LineError(`expected at most ${MAX_PENDING} unfinished calls`);
        const { name, text } = line;
        this.#pending.set(pid, { name, text, where, overlapped: this.#races(pid, text) });
        return [];
      }
      case 'resumed': {
        const begun = this.#pending.get(pid);
        // A tracer that attached while a call was running saw its end only.
        if (!begun) return [];
        if (begun.name !== line.name)
          throw new LineError(`expected the end of ${begun.name} of line ${begun.where}`);
        this.#pending.delete(pid);
        return this.#call(parseCall(begun.text + line.text), begun.text, pid, where, begun.overlapped);
      }
      case 'call':
        return this.#call(line, line.name, pid, where, false);
      case 'end':
        this.#pending.delete(pid);
        this.#pids.end(pid);
        return [{ kind: 'end', pid, where }];
      case 'signal':
        return [{ ...line, pid, where }];
    }
  }

  #call(call: Call, text: string, pid: number, where: number, before: boolean): Event[] {
    const overlapped = this.#races(pid, text) || before;
    if (!WAITING.test(text)) for (const [other, p] of this.#pending) if (other !== pid) p.overlapped = true;
    const event: Event = { ...call, pid, where, overlapped };
    const child = Number(call.returned.value ?? 0n);
    if (!makesProcess(call.name) || child <= 0 || this.#born.has(child)) return [event];
    this.#pids.child(child);
    this.#born.add(child);
    return [event, { kind: 'birth', pid, where, child, sharing: sharingOf(call) }];
  }

  /** A child may be seen before the call that made it returns to its parent. */
  #birthBefore(child: number, where: number): Event[] {
    if (this.#born.has(child)) return [];
    this.#born.add(child);
    const makers = [...this.#pending].filter(([, p]) => makesProcess(p.name));
    const [maker] = makers;
    if (makers.length !== 1 || !maker) return [];
    const [pid, { text }] = maker;
    return [{ kind: 'birth', pid, where, child, sharing: sharingOfUnfinished(text) }];
  }

  #races(pid: number, text: string): boolean {
    if (WAITING.test(text)) return false;
    for (const [other, p] of this.#pending) if (other !== pid && !WAITING.test(p.text)) return true;
    return false;
  }
}
