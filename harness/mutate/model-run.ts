// SPDX-License-Identifier: GPL-2.0-only
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { workerPath } from '../target/worker-path.js';
import type { ModelMessage, ModelShare } from './model-worker.js';
import type { ScoreJournal } from './score-journal.js';
import type { Score } from './scoreboard.js';

/** Every state that a rule was asked in is kept. */
const HEAP_MB = 6144;
/** Searches through all orders of threads make many short-lived states: a small nursery lets them grow old. */
const NURSERY_MB = 192;

/** What is to be judged, and how. */
export interface ModelRun {
  suites: readonly string[];
  only: readonly string[];
  /** Ids of rules that no case has to hold. */
  assumed: readonly string[];
  /** Threads. */
  jobs: number;
  journal: ScoreJournal;
  /** Told after each mutant: how many are judged, of how many, and the last of them. */
  progress: (done: number, total: number, last: Score) => void;
  signal: AbortSignal;
}

/** Scores in the order of the rules, and points that the model contradicts, which told nothing. */
export interface ModelRunResult {
  scores: Score[];
  unfit: readonly string[];
  /** Points that took part. */
  points: number;
  /** Ended before all were judged. */
  interrupted: boolean;
}

/**
 * Judge every mutant of the model, in several threads. What is judged is in the journal at once.
 * @throws Error when a thread dies
 */
export async function runModelMutants(run: ModelRun): Promise<ModelRunResult> {
  const { journal, jobs, signal } = run;
  let ids: readonly string[] = [];
  let unfit: readonly string[] = [];
  let points = 0;
  const heard = (message: ModelMessage): void => {
    if (message.kind === 'surveyed') {
      ({ ids, unfit, points } = message);
      return;
    }
    const { id, killedBy } = message;
    const score: Score =
      killedBy === undefined ? { id, verdict: 'survived' } : { id, verdict: 'killed', by: killedBy };
    journal.record(score);
    run.progress(ids.filter((each) => journal.get(each)).length, ids.length, score);
  };
  const file = await workerPath('../mutate/model-worker');
  const workers = Array.from({ length: jobs }, async (_, rest) => {
    const share: ModelShare = {
      suites: run.suites,
      assumed: run.assumed,
      workers: jobs,
      rest,
      done: journal.ids(),
      only: run.only,
    };
    const worker = new Worker(file, {
      workerData: share,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: NURSERY_MB },
    });
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    worker.on('message', heard);
    const failed = once(worker, 'error').then(([e]: unknown[]) => {
      throw e;
    });
    await Promise.race([once(worker, 'exit'), failed]);
    signal.removeEventListener('abort', stop);
  });
  await Promise.all(workers);
  const scores = ids.flatMap((id) => journal.get(id) ?? []);
  return { scores, unfit, points, interrupted: signal.aborted };
}
