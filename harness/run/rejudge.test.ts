// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../judge/verdict.js';
import type { StepResult, Trace } from '../program/trace.js';
import { makeRecord } from '../report/records.test-helper.js';
import { expandSuite } from '../suite/expand.js';
import { profile, suiteOf } from '../suite/suites.test-helper.js';
import type { Context } from '../suite/scope.js';
import { programHash } from './program-hash.js';
import { rejudge } from './rejudge.js';
import type { Rejudgement } from './rejudge.js';

const D8: Context = { arch: 'x86_64', profile: profile('d8'), pageSize: 4096 };
const D0: Context = { ...D8, profile: profile('d0') };
const ok: StepResult = { state: 'done', errno: '0', fields: {}, calls: [], durationNs: 0n, children: [] };
/** A refusal that leaves the structure of set_attributes as it was. */
const ENOTTY: StepResult = {
  ...ok,
  errno: 'ENOTTY',
  fields: {
    ...{ error_offset: 0n, offset: 0n, size: 4096n, attributes: 8n, flags: 0n },
    ...Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`reserved${i}`, 0n])),
  },
};

const suite = (steps: string, head = ''): ReturnType<typeof suiteOf> =>
  suiteOf(`suite: a/b\nabout: A.\ncases:\n  - id: c\n    about: A.\n${head}    steps:\n${steps}`);
const STEPS = `      - create_vm: { as: vm }
      - create_gmem: { vm: vm, size: 4096, as: g }
`;
const CONVERT = '      - set_attributes: { on: g, offset: 0, size: 4096, attributes: 8 }\n';

interface Given {
  then?: string;
  now?: string;
  head?: string;
  trace: Trace;
  recorded?: Verdict;
  context?: Context;
}

/** Record one trace of a suite, and judge it by another. */
function again({
  then = STEPS,
  now = then,
  head = '',
  trace,
  recorded = 'pass',
  context = D8,
}: Given): Rejudgement {
  const [point] = expandSuite(suite(then), D8);
  if (!point) throw new Error('there is no point');
  const entry = { id: point.id, program: programHash(point.program, D8), trace };
  return rejudge({
    suites: [suite(now, head)],
    recorded: D8,
    context,
    records: [makeRecord('a/b', 'c', { verdict: recorded })],
    traces: new Map([[entry.id, entry]]),
    features: { conversion: true, 'no-conversion': false, 'vm-attributes': false },
  });
}

describe('judging again', () => {
  it('comes to the same with the same suites and rules', () => {
    const { judged, unjudged } = again({ trace: { steps: [ok, ok] } });
    expect(unjudged).toEqual([]);
    expect(judged).toMatchObject([
      { id: 'a/b/c', by: 'case and specification', recorded: 'pass', now: 'pass' },
    ]);
  });

  it('sees what no rule allows, with the step and the rules', () => {
    const [one] = again({ trace: { steps: [ok, { ...ok, errno: 'EXDEV' }] } }).judged;
    expect(one).toMatchObject({
      now: 'fail',
      mismatches: [{ step: 2 }],
      tracked: { violation: { step: 2 } },
    });
    expect(one?.tracked.violation?.allowed.length).toBeGreaterThan(0);
  });

  it('names a contradiction of case and specification', () => {
    const now = STEPS.replace('as: g }', 'as: g }\n        expect: { errno: EXDEV }');
    const [one] = again({ now, trace: { steps: [ok, { ...ok, errno: 'EXDEV' }] } }).judged;
    expect(one).toMatchObject({
      now: 'error',
      reason: expect.stringContaining('the specification forbids') as string,
    });
  });

  it('does not judge what makes other calls now', () => {
    const now = STEPS.replace('4096', '8192');
    expect(again({ now, trace: { steps: [ok, ok] } })).toMatchObject({
      judged: [],
      unjudged: [{ id: 'a/b/c', why: 'its program makes other calls now' }],
    });
  });

  it('never passes a program that was cut short', () => {
    const { judged } = again({ trace: { steps: [ok], cut: 'killed' }, recorded: 'error' });
    expect(judged).toMatchObject([{ now: 'error', reason: 'killed' }]);
  });

  it('says which points have no results, and counts those that were skipped', () => {
    const records = [makeRecord('a/b', 'x'), makeRecord('a/b', 'y', { verdict: 'skip' })];
    const given = { suites: [suite(STEPS)], recorded: D8, context: D8, traces: new Map(), features: {} };
    expect(rejudge({ ...given, records })).toEqual({
      judged: [],
      unjudged: [{ id: 'a/b/x', recorded: 'pass', why: 'no results were recorded', lost: true }],
      skipped: 1,
    });
  });

  it('holds the results to another dialect, whose own commands they are judged by', () => {
    const head = '    profiles: [d8]\n';
    const then = STEPS + CONVERT;
    const success = again({ then, head, context: D0, trace: { steps: [ok, ok, ok] } });
    expect(success.judged).toMatchObject([
      { by: 'specification', now: 'fail', tracked: { violation: { step: 3 } } },
    ]);
    const refused = again({ then, head, context: D0, trace: { steps: [ok, ok, ENOTTY] }, recorded: 'fail' });
    expect(refused.judged).toMatchObject([{ by: 'specification', recorded: 'fail', now: 'pass' }]);
  });
});
