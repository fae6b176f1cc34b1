// SPDX-License-Identifier: GPL-2.0-only
/** Follows what a foreign program did through the model, process by process. */
import { verb } from '../../program/verbs.js';
import { closed, collected } from '../../spec/core/lifetime.js';
import { handle, vmOf } from '../../spec/core/look.js';
import { isOutcome } from '../../spec/core/match.js';
import { ended, forked } from '../../spec/core/process.js';
import { self, set, START, withObject, withSelf, without } from '../../spec/core/state.js';
import type { Id, State } from '../../spec/core/state.js';
import { missingObject } from '../../spec/core/step.js';
import type { RuleBook } from '../../spec/core/step.js';
import { MAX_STATES } from '../../spec/core/track.js';
import type { World } from '../../spec/core/world.js';
import type { Observed, ObservedStep } from '../strace/observed.js';
import { maskAll, maskedGmem, maskedVm, possible } from './partial.js';
import type { Possible } from './partial.js';

/** A step that no rule allows. */
export interface TraceViolation {
  readonly seen: ObservedStep;
  /** What would have been allowed, in any state that the steps before may have left. */
  readonly allowed: readonly Possible[];
}

/** How the steps of a trace were judged; each is counted once. */
export interface Followed {
  /** Everything about them is known. */
  exact: number;
  /** Held to what any value of their unknown arguments, or any state of what they act on, allows. */
  partly: number;
  /** The rules allow anything, as far as the trace tells what was asked. */
  anything: number;
  /** Of objects that came from elsewhere, or at the same time as others: not held to anything. */
  unjudged: number;
  /** More states explained a step than are followed. */
  bounded: boolean;
  violation?: TraceViolation;
}

/** A state that explains what was seen, and which of its processes the log calls what. */
interface Explanation {
  readonly state: State;
  readonly pids: ReadonlyMap<number, Id>;
}

/** What no argument is: the step cannot be compared. */
const BEYOND = ['order', 'guest', 'neighbours', 'address'];
/** Verbs that change nothing but the process that calls them. */
const HARMLESS = new Set(['close', 'dup', 'check_extension', 'fd_op', 'mmap', 'load']);
/** Refusals that come before anything is changed. */
const EARLY = new Set(['EBADF', 'ENOTTY', 'EINVAL', 'EPERM', 'EACCES', 'ENODEV']);

/** Judge a trace up to the first step that no rule allows. */
export async function follow(
  book: RuleBook,
  world: World,
  trace: AsyncIterable<Observed>,
): Promise<Followed> {
  const follower = new Follower(book, world);
  for await (const seen of trace) {
    follower.see(seen);
    if (follower.result.violation) break;
  }
  return follower.result;
}

class Follower {
  readonly result: Followed = { exact: 0, partly: 0, anything: 0, unjudged: 0, bounded: false };
  #explanations: Explanation[] = [];

  constructor(
    readonly book: RuleBook,
    readonly world: World,
  ) {}

  see(seen: Observed): void {
    // The process that the log begins with is the one that every program has.
    if (this.#explanations.length === 0)
      this.#explanations = [{ state: START, pids: new Map([[seen.pid, 1]]) }];
    if (seen.kind === 'step') return this.#step(seen);
    this.#explanations = this.#explanations.map((e) => happened(e, seen));
  }

  #step(seen: ObservedStep): void {
    const running = this.#explanations.map((e) => inProcess(e, seen.pid));
    const comparable = running.every(
      (e) => e !== undefined && missingObject(e.state, seen.step) === undefined,
    );
    if (!comparable || seen.unknown.some((u) => BEYOND.includes(u))) return this.#passOver(seen);
    const unknown = seen.unknown.filter((u) => u !== 'access');
    const all = running.flatMap((e) =>
      e === undefined ? [] : this.#possible(e.state, seen, unknown).map((outcome) => ({ e, outcome })),
    );
    const fitting = all.filter(({ outcome }) => fits(outcome, seen));
    if (fitting.length === 0) {
      this.result.violation = { seen, allowed: all.map(({ outcome }) => outcome) };
      return;
    }
    if (fitting.some(({ outcome }) => outcome.errno === 'any')) this.result.anything++;
    else if (unknown.length > 0 || fitting.some(({ outcome }) => outcome.next === undefined))
      this.result.partly++;
    else this.result.exact++;
    const next = distinct(fitting, seen);
    if (next.length > MAX_STATES) this.result.bounded = true;
    this.#explanations = next.slice(0, MAX_STATES);
  }

  /** A signal does not tell a load from a store. */
  #possible(state: State, { step, unknown }: ObservedStep, names: readonly string[]): Possible[] {
    const loads = possible(this.book, this.world, state, step, names);
    if (step.verb !== 'load' || !unknown.includes('access')) return loads;
    const store = { ...step, verb: 'store', value: 0n } as const;
    return [...loads, ...possible(this.book, this.world, state, store, ['value', ...names])];
  }

  #passOver(seen: ObservedStep): void {
    this.result.unjudged++;
    const changes = !HARMLESS.has(seen.step.verb) && !EARLY.has(seen.result.errno);
    if (changes) this.#explanations = this.#explanations.map((e) => ({ ...e, state: maskAll(e.state) }));
    // What it made or closed is not known to the model any more.
    const names = namesOf(seen, seen.step.verb === 'close' || seen.step.verb === 'map_op' ? 'ref' : 'new');
    for (const name of names)
      this.#explanations = this.#explanations.map((e) => {
        const at = inProcess(e, seen.pid);
        return at ? { ...at, state: lost(at.state, name) } : e;
      });
  }
}

function inProcess(e: Explanation, pid: number): Explanation | undefined {
  const running = e.pids.get(pid);
  if (running === undefined || !e.state.processes.has(running)) return undefined;
  return e.state.running === running ? e : { ...e, state: { ...e.state, running } };
}

function namesOf({ step }: ObservedStep, kind: 'ref' | 'new'): string[] {
  const args = step as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(verb(step.verb).params).flatMap(([key, param]) => {
    const name = args[key];
    return param.kind === kind && typeof name === 'string' ? [name] : [];
  });
}

/** The fields that the log has; of the others nothing was seen. */
function fits(outcome: Possible, { result }: ObservedStep): boolean {
  const fields = Object.fromEntries(Object.entries(outcome.fields).filter(([name]) => name in result.fields));
  return isOutcome({ ...outcome, fields, next: START }, result);
}

function lost(state: State, name: string): State {
  return withSelf(state, { names: without(self(state).names, name) });
}

/** Where several outcomes lead, each state once: that one thing was refused for one of many reasons is one state. */
function distinct(
  fitting: readonly { readonly e: Explanation; readonly outcome: Possible }[],
  seen: ObservedStep,
): Explanation[] {
  const all = new Map<State, Explanation>();
  const unknowable = new Map<State, State>();
  for (const { e, outcome } of fitting) {
    if (outcome.next !== undefined && outcome.errno !== 'any') {
      all.set(outcome.next, { ...e, state: outcome.next });
      continue;
    }
    const state = unknowable.get(e.state) ?? afterwards(e.state, outcome, seen);
    unknowable.set(e.state, state);
    all.set(state, { ...e, state });
  }
  return [...all.values()];
}

/** The state after an outcome; what cannot be computed is not known. */
function afterwards(state: State, { errno, next }: Possible, { step, result, unknown }: ObservedStep): State {
  const succeeded = result.errno === '0' && result.fault === undefined;
  // Where the model says nothing, a step that failed early still changed nothing.
  if (errno === 'any') {
    const early = EARLY.has(result.errno) || HARMLESS.has(step.verb);
    const known = early ? (next ?? state) : maskAll(state);
    return succeeded && unknown.length > 0 ? withMade(known, step) : known;
  }
  if (next !== undefined) return next;
  if (!succeeded) return EARLY.has(result.errno) ? state : maskAll(state);
  const made = withMade(state, step);
  return made === state ? maskAll(state) : made;
}

/** The state with the object that a step made, of which nothing is known. */
function withMade(state: State, step: ObservedStep['step']): State {
  switch (step.verb) {
    case 'create_gmem':
      return withObject(state, 'gmem', step.as, maskedGmem({ vm: vmOf(state, step.vm)?.id ?? 0 }));
    case 'create_vm':
      return withObject(state, 'vm', step.as, maskedVm({ type: '', mm: state.running }, false));
    case 'create_vcpu':
      return withObject(state, 'vcpu', step.as, { vm: vmOf(state, step.vm)?.id ?? 0, id: step.id });
    default:
      return state;
  }
}

/** What befell a process other than by a step. */
function happened(e: Explanation, seen: Exclude<Observed, ObservedStep>): Explanation {
  const at = inProcess(e, seen.pid);
  if (!at) return e;
  const { state, pids } = at;
  switch (seen.kind) {
    case 'birth': {
      const { memory, files } = seen.sharing;
      if (memory && files) return { state, pids: set(pids, seen.child, state.running) };
      // A process that shares one of both has no counterpart in the model: its steps are not judged.
      if (memory !== files) return at;
      const born = forked(state);
      return { state: { ...born, running: state.running }, pids: set(pids, seen.child, born.running) };
    }
    case 'end': {
      const rest = without(pids, seen.pid);
      const alone = ![...rest.values()].includes(state.running);
      const [parent] = rest.values();
      if (!alone) return { state, pids: rest };
      return parent === undefined ? at : { state: ended(state, parent), pids: rest };
    }
    case 'exec':
      return executed(at, seen);
    case 'lose':
      return { state: maskAll(lost(state, seen.name)), pids };
    case 'adopt':
      return at;
  }
}

/** A new address space, to which no VM of before belongs. */
function executed({ state, pids }: Explanation, seen: Observed & { kind: 'exec' }): Explanation {
  const open = seen.closed.reduce((s, name) => {
    const h = handle(s, name);
    return h?.kind === 'fd' ? closed(s, h.fd) : s;
  }, state);
  const id = open.nextId;
  const processes = without(set(open.processes, id, { ...self(open), maps: new Map() }), open.running);
  const moved = collected({ ...open, nextId: id + 1, running: id, processes });
  return { state: moved, pids: set(pids, seen.pid, id) };
}
