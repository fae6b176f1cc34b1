// SPDX-License-Identifier: GPL-2.0-only
import { closed } from '../core/lifetime.js';
import { fileId, handle } from '../core/look.js';
import { ZERO } from '../core/memory.js';
import { always, effect, refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { self, set, withCloexec, withDescriptor, withObject } from '../core/state.js';
import type { Id, OpenFile, State } from '../core/state.js';
import { descriptorsUsedUp } from './descriptor-limit.js';

/** open(2) and its relatives that make files of other kinds. */
export const OPEN: readonly Rule<'open'>[] = [
  refuse('linux.fd.emfile', 'EMFILE', (v) => !MADE_OF_TWO.has(v.step.kind) && descriptorsUsedUp(v.state)),
  succeed('linux.fd.open', (v) => canOpen(v), {
    effects: [effect('linux.fd.open', withOpened)],
  }),
];

/** Those whose making takes further descriptors for a moment. */
const MADE_OF_TWO: ReadonlySet<string> = new Set(['pipe_read', 'pipe_write', 'socket']);

/** Only user 0 is sure to open devices and its own memory. */
function canOpen({ state, step, world }: View<'open'>): boolean {
  const { uid, nofile } = self(state);
  if (MADE_OF_TWO.has(step.kind) && nofile !== undefined) return false;
  if (step.kind === 'memfd_secret') return world.has('memfd-secret');
  return uid === 0n || (step.kind !== 'kvm' && step.kind !== 'proc_self_mem');
}

/** Those that are opened by a path, close-on-exec. */
const BY_PATH: ReadonlySet<string> = new Set(['kvm', 'null', 'zero', 'directory', 'path', 'proc_self_mem']);

function withOpened(v: View<'open'>): State {
  return withCloexec(withNewFile(v), v.step.as, BY_PATH.has(v.step.kind));
}

/** /dev/kvm is one object however often it is opened; everything else is new. */
function withNewFile({ state, step }: View<'open'>): State {
  if (step.kind !== 'kvm')
    return withObject(state, 'file', step.as, { kind: step.kind, contents: ZERO, size: 0n });
  const file = state.nextId;
  const files = set<Id, OpenFile>(state.files, file, { kind: 'kvm', object: 0 });
  const opened: State = { ...state, nextId: file + 1, files };
  return withDescriptor(opened, step.as, file);
}

const isClosed = (state: State, name: string): boolean => fileId(state, name) === undefined;

/** dup(2) (fs/file.c). */
export const DUP: readonly Rule<'dup'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => isClosed(state, step.on)),
  refuse('linux.fd.emfile', 'EMFILE', ({ state }) => descriptorsUsedUp(state)),
  succeed('gmem.fd.duplicate', always, {
    effects: [effect('gmem.fd.duplicate', ({ state, step }) => withTwin(state, step.on, step.as))],
  }),
];

/** SCM_RIGHTS through a socket pair of the same process (net/core/scm.c). */
export const SEND_FD: readonly Rule<'send_fd'>[] = [
  refuse('linux.fd.closed', 'EBADF', ({ state, step }) => isClosed(state, step.of)),
  // The socket pair takes descriptors, too: how many are left for it is not known.
  succeed('linux.fd.passed', ({ state }) => self(state).nofile === undefined, {
    effects: [effect('linux.fd.passed', ({ state, step }) => withTwin(state, step.of, step.as))],
  }),
];

function withTwin(state: State, name: string, twin: string): State {
  const file = fileId(state, name);
  return file === undefined ? state : withDescriptor(state, twin, file);
}

/** close(2) (fs/file.c). */
export const CLOSE: readonly Rule<'close'>[] = [
  refuse('gmem.fd.closed-ebadf', 'EBADF', ({ state, step }) => isClosed(state, step.on)),
  succeed('linux.fd.close', always, { effects: [effect('linux.fd.close', withoutDescriptor)] }),
];

function withoutDescriptor({ state, step }: View<'close'>): State {
  const h = handle(state, step.on);
  return h?.kind === 'fd' ? closed(state, h.fd) : state;
}
