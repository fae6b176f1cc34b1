// SPDX-License-Identifier: GPL-2.0-only
/** A thread that judges its share of the mutants of the model. */
import { parentPort, workerData } from 'node:worker_threads';
import { VERB_NAMES } from '../program/verbs.js';
import type { VerbName } from '../program/verbs.js';
import { loadSuites } from '../suite/load.js';
import { judgeMutant, placeName, survey } from './model-score.js';
import { pointsOfModel } from './model-points.js';

/** What a worker is to do. */
export interface ModelShare {
  /** Suite files or directories. */
  suites: readonly string[];
  /** Ids of rules that no case has to hold. */
  assumed: readonly string[];
  /** This worker takes every mutant whose number leaves `rest` when divided by `workers`. */
  workers: number;
  rest: number;
  /** Ids that are known already. */
  done: readonly string[];
  /** Only mutants whose id contains one of these; all when empty. */
  only: readonly string[];
}

/** What a worker says: first what there is to do, then each result. */
export type ModelMessage =
  | { kind: 'surveyed'; ids: readonly string[]; unfit: readonly string[]; points: number }
  | { kind: 'judged'; id: string; killedBy?: string };

const share = workerData as ModelShare;
const port = parentPort;
if (!port) throw new Error('expected to run as a worker');

const verbs = share.only.map((pattern) => VERB_NAMES.find((name) => pattern.startsWith(`${name}/`)));
const field = survey(pointsOfModel(loadSuites(share.suites), using(verbs)), new Set(share.assumed));
const chosen = field.mutants.filter(
  ({ id }) =>
    share.only.length === 0 ||
    share.only.some((part, i) => (verbs[i] === undefined ? id.includes(part) : id.startsWith(part))),
);
const surveyed: ModelMessage = {
  kind: 'surveyed',
  ids: chosen.map((m) => m.id),
  unfit: field.unfit.map(placeName),
  points: field.points.length,
};
port.postMessage(surveyed);
const done = new Set(share.done);
chosen.forEach((mutant, i) => {
  if (i % share.workers !== share.rest || done.has(mutant.id)) return;
  const judged: ModelMessage = { kind: 'judged', ...judgeMutant(field, mutant) };
  port.postMessage(judged);
});

/** When all patterns name a verb (`convert/`), programs that use none of these verbs can tell nothing. */
function using(verbs: readonly (VerbName | undefined)[]): ReadonlySet<VerbName> | undefined {
  const known = verbs.filter((name) => name !== undefined);
  return known.length > 0 && known.length === verbs.length ? new Set(known) : undefined;
}
