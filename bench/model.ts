// SPDX-License-Identifier: GPL-2.0-only
import { step } from '../harness/program/make.js';
import type { PlannedStep, Program } from '../harness/program/step.js';
import type { StepResult } from '../harness/program/trace.js';
import { judge } from '../harness/judge/judge.js';
import { SUITES } from '../harness/cli/paths.js';
import { execute } from '../harness/spec/core/execute.js';
import { interleave as search } from '../harness/spec/core/interleave.js';
import type { Thread } from '../harness/spec/core/interleave.js';
import { isOutcome } from '../harness/spec/core/match.js';
import { START } from '../harness/spec/core/state.js';
import type { State } from '../harness/spec/core/state.js';
import { outcomes } from '../harness/spec/core/step.js';
import { givenBy, worldOf } from '../harness/spec/core/world.js';
import type { World } from '../harness/spec/core/world.js';
import { RULES } from '../harness/spec/rules/index.js';
import { expandSuite } from '../harness/suite/expand.js';
import { loadSuites } from '../harness/suite/load.js';
import { TargetError } from '../harness/target/executor.js';
import { findProfile } from '../harness/uapi/profiles/index.js';
import type { Profile } from '../harness/uapi/profiles/index.js';
import type { Benchmark, BenchContext, Measured } from './benchmark.js';
import { figure } from './figure.js';
import { interleave, timed } from './interleave.js';

const REPEAT = 7;
const PAGE = 4096;
const THREADS = 4;
const STEPS = 4;

function newest(): Profile {
  const profile = findProfile('d8');
  if (!profile) throw new TargetError('expected profile d8');
  return profile;
}

/** A program with the world that it asks for. */
interface Piece {
  program: Program;
  world: World;
}

function shipped(profile: Profile): Piece[] {
  const context = { arch: 'x86_64' as const, profile, pageSize: PAGE };
  return loadSuites([SUITES])
    .flatMap((suite) => expandSuite(suite, context))
    .filter((point) => !point.skip)
    .map((point) => ({
      program: point.program,
      world: worldOf(profile, 'x86_64', PAGE, givenBy(point.requires)),
    }));
}

const count = (results: readonly StepResult[]): number =>
  results.reduce(
    (sum, r) => sum + 1 + count(r.children) + (r.threads ?? []).reduce((n, t) => n + count(t), 0),
    0,
  );

/** The state after steps that succeed. @throws TargetError when one does not */
function after(world: World, steps: readonly PlannedStep[]): State {
  return steps.reduce<State>((state, { step: s }) => {
    const [first] = outcomes(RULES, world, state, s);
    if (first?.errno !== '0') throw new TargetError(`the model refuses ${s.verb}`);
    return first.next;
  }, START);
}

const SIZE = BigInt(8 * PAGE);
const SETUP: readonly PlannedStep[] = [
  step('create_vm', { type: 'sw_protected' }),
  step('create_gmem', { size: SIZE, flags: 3n }),
  step('mmap', { of: 'gmem', length: SIZE }),
];

/** Stores of different values to one word, and at the end of each thread a load of a value that nobody stored. */
function unexplainable(): Thread[] {
  const done: StepResult = { state: 'done', errno: '0', fields: {}, calls: [], durationNs: 1n, children: [] };
  return Array.from({ length: THREADS }, (_, t) =>
    Array.from({ length: STEPS }, (_, i) => {
      const last = i === STEPS - 1;
      const value = BigInt(100 * t + i + 1);
      return last
        ? { planned: step('load', {}), result: { ...done, fields: { value: t === 0 ? 9999n : value - 1n } } }
        : { planned: step('store', { value }), result: done };
    }),
  );
}

async function run(cx: BenchContext): Promise<Measured> {
  const profile = newest();
  cx.progress('running the shipped suites on the model');
  const pieces = shipped(profile);
  const steps = pieces.reduce((sum, p) => sum + count(execute(RULES, p.world, p.program.steps).steps), 0);
  const traces = pieces.map((p) => execute(RULES, p.world, p.program.steps));
  const { model, judged } = await interleave(
    {
      model: async () => {
        const ms = await timed(() => {
          for (const p of pieces) execute(RULES, p.world, p.program.steps);
          return Promise.resolve();
        });
        return (1000 * steps) / ms;
      },
      judged: async () => {
        const ms = await timed(() => {
          pieces.forEach((p, i) => judge(p.program, traces[i] ?? { steps: [] }));
          return Promise.resolve();
        });
        return (1000 * steps) / ms;
      },
    },
    cx.repeat ?? REPEAT,
  );
  cx.progress('searching orders of threads');
  const world = worldOf(profile, 'x86_64', PAGE);
  const start = after(world, SETUP);
  let tried = 0;
  const { threads, one } = await interleave(
    {
      threads: () =>
        timed(() => {
          const found = search(RULES, world, [start], unexplainable(), (o, s) => isOutcome(o, s.result));
          if (found.exhausted || !found.stuck) throw new TargetError('expected an exhaustive search');
          ({ tried } = found);
          return Promise.resolve();
        }),
      one: () =>
        timed(() => {
          const flat = unexplainable()
            .flat()
            .map((s) => ({ step: s.planned.step }));
          flat.reduce((state, s) => outcomes(RULES, world, state, s.step)[0]?.next ?? state, start);
          return Promise.resolve();
        }),
    },
    cx.repeat ?? REPEAT,
  );
  return {
    figures: [
      figure({
        name: 'steps on the model',
        unit: 'steps/s',
        ours: model,
        baseline: { label: 'judging them only', samples: judged },
        target: { of: 'value', is: 'at least', limit: 100_000 },
      }),
      figure({
        name: `no order of ${THREADS} threads x ${STEPS} steps`,
        unit: 'ms',
        ours: threads,
        baseline: { label: 'one order', samples: one },
        target: { of: 'value', is: 'at most', limit: 1000 },
      }),
    ],
    notes: [
      `${pieces.length} programs of ${steps} steps, all shipped suites for ${profile.id}, one thread of Node`,
      `the search is the longest there is, one that ends with no; it tried ${tried} steps`,
    ],
  };
}

export const model: Benchmark = {
  name: 'model',
  about: 'steps per second on the executable specification, and the search for an order of threads',
  perArch: false,
  run,
};
