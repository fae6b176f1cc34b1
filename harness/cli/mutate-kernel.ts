// SPDX-License-Identifier: GPL-2.0-only
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crashedEarly, judgeFault } from '../mutate/kernel-fault.js';
import { ScoreJournal } from '../mutate/score-journal.js';
import { count, percentKilled } from '../mutate/scoreboard.js';
import type { Score } from '../mutate/scoreboard.js';
import { suitesHash } from '../run/resumable.js';
import { runPoint } from '../run/run-point.js';
import { expandAll, openSession } from '../run/session.js';
import { loadSuites } from '../suite/load.js';
import type { TestPoint } from '../suite/expand.js';
import type { LoadedSuite } from '../suite/load.js';
import { TargetError } from '../target/executor.js';
import type { Fault } from '../../kernels/build/faults.js';
import { loadFaults } from '../../kernels/build/faults.js';
import { buildKernel } from '../../kernels/build/kernel.js';
import { ProgressLine } from '../../kernels/build/progress.js';
import type { Recipe } from '../../kernels/build/recipe.js';
import { EXIT, UsageError } from './exit.js';
import { recipeNamed, recipeOfTarget } from './find-recipe.js';
import { report } from './mutate.js';
import type { MutateOptions } from './mutate.js';
import { chooseTarget } from './open-target.js';
import { FEATURES, RUNS, SUITES } from './paths.js';
import { ROUNDS } from './rounds.js';

/** Percent of the faults that can be told at all that the suites must tell. */
export const REQUIRED_PERCENT = 95;

/** The faults are x86's: nothing else has private memory that an emulated machine can show. */
const ARCH = 'x86_64';

/** Rounds of points with threads, for a fault that needs two of them to meet. */
const RACE_ROUNDS = 200;

/** Seconds for one program; a fault that hangs costs this once. */
const TIMEOUT = 10;

/**
 * Boot a kernel once for every fault, several at the same time, and run the suites until one tells it.
 * @throws UsageError for a target without faults
 */
export async function mutateKernel(options: MutateOptions, signal: AbortSignal): Promise<number> {
  const recipe = faultyKernel(options.target);
  const all = loadFaults();
  const chosen = all.filter(
    ({ id }) => options.faults === undefined || options.faults.some((part) => id.includes(part)),
  );
  if (chosen.length === 0)
    throw new UsageError(`expected part of the name of a fault, got '${options.faults?.join(' ') ?? ''}'`);
  const suites = loadSuites(options.suites ?? [SUITES]);
  const line = new ProgressLine(recipe.name);
  const built = await buildKernel(recipe, ARCH, { onProgress: line.update }).finally(() => {
    line.end();
  });
  const features = readFileSync(FEATURES, 'utf8');
  const key = createHash('sha256')
    .update(readFileSync(built.image))
    .update(
      suitesHash(
        suites.map((s) => s.source),
        features,
      ),
    )
    .digest('hex');
  const journal = new ScoreJournal(join(RUNS, `mutate-${recipe.name}.ndjson`), key, options.fresh);
  const left = chosen.filter(({ id }) => !journal.get(id));
  await each(left, options.jobs, async (fault) => {
    if (signal.aborted) return;
    const score = await oneFault(recipe, fault, suites, signal);
    if (!score) return;
    journal.record(score);
    const done = chosen.filter(({ id }) => journal.get(id)).length;
    process.stderr.write(
      `${done}/${chosen.length} ${fault.id}: ${score.verdict} ${score.by ?? score.why ?? ''}\n`,
    );
  });
  if (signal.aborted) throw new TargetError('interrupted: the same command goes on from here');
  const scores = chosen.flatMap((fault): Score[] => {
    const score = journal.get(fault.id);
    if (!score) return [];
    const why = fault.equivalent;
    return [
      score.verdict === 'survived' && why !== undefined ? { ...score, verdict: 'equivalent', why } : score,
    ];
  });
  const whole = options.faults === undefined && options.suites === undefined;
  const name = `${recipe.name}-${ARCH}`;
  await report(
    options,
    whole,
    name,
    [`faults of ${recipe.name}, ${ARCH}, one boot each, held to the suites`],
    scores,
  );
  const counts = count(scores);
  if (counts.error > 0) return EXIT.environment;
  return percentKilled(counts) >= REQUIRED_PERCENT ? EXIT.ok : EXIT.unexpected;
}

/** The kernel that has the faults of the one that was asked for. */
function faultyKernel(target: string): Recipe {
  const recipe = recipeOfTarget(target);
  if (!recipe) throw new UsageError(`expected --target spec or qemu:RECIPE, got '${target}'`);
  if (recipe.faults === undefined)
    throw new UsageError(`expected a kernel whose recipe names one with faults, ${recipe.name} names none`);
  return recipeNamed(recipe.faults);
}

async function oneFault(
  recipe: Recipe,
  fault: Fault,
  suites: readonly LoadedSuite[],
  signal: AbortSignal,
): Promise<Score | undefined> {
  const { dialect = recipe.defaultDialect } = fault;
  const { target, boot } = await chooseTarget({
    target: `qemu:${recipe.name}`,
    arch: ARCH,
    timeout: TIMEOUT,
    append: [`kvm.gmem_fault=${fault.n}`],
    ...(dialect === undefined ? {} : { dialect }),
    ...(fault.inPlace && { inPlace: fault.inPlace }),
    ...(fault.needs && { cpus: 2 }),
    // Every fault boots once: a snapshot would only cost time.
    snapshot: false,
  });
  try {
    // With conversion off a kernel of any dialect is held to what mainline does.
    const spoken = fault.inPlace === 'off' ? 'd0' : dialect;
    const profile = spoken === undefined ? recipe.profile : recipe.dialects?.[spoken]?.profile;
    const session = await openSession(target, FEATURES, profile);
    const { features, specification } = session;
    return await judgeFault(
      fault,
      {
        points: likeliestFirst(expandAll(suites, session), fault),
        run: (point) =>
          runPoint(point, {
            run: (p, seed) => target.run(p, session.profile, seed),
            features,
            ...(specification && { specification }),
            rounds: { count: fault.needs?.includes('threads') ? RACE_ROUNDS : ROUNDS, seed: 1 },
            replay: () => '',
          }),
        // A kernel with conversion off answers as another dialect does: what is executed is then not known.
        minimum: fault.inPlace === 'off' ? 1 : (boot?.minimumPoints[ARCH] ?? 1),
      },
      signal,
    );
  } catch (e) {
    return crashedEarly(fault, e);
  } finally {
    await target.close();
  }
}

/**
 * Points in the order of their ids, but those of the area that most faults are in come first: which point is the
 * first to tell a fault does not depend on the run.
 */
function likeliestFirst(points: readonly TestPoint[], { needs = [] }: Fault): TestPoint[] {
  const area = needs.includes('threads') ? 'parallel/' : 'convert/';
  return [...points.filter((p) => p.id.startsWith(area)), ...points.filter((p) => !p.id.startsWith(area))];
}

/** Do something for each of a list, `jobs` at the same time. */
async function each<T>(list: readonly T[], jobs: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
