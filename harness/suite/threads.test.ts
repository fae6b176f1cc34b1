// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { nestedSteps } from '../program/step.js';
import type { PlannedStep } from '../program/step.js';
import { CaseError, CaseErrors } from './case-error.js';
import { expandSuite } from './expand.js';
import type { TestPoint } from './expand.js';
import type { RawSuite } from './raw.js';
import { suiteSchema } from './schema.js';
import { parseSource } from './source.js';
import { profile } from './suites.test-helper.js';
import { compileSchema, validate } from './validate.js';

const schema = compileSchema(suiteSchema());

/** The point of a case with these steps after a mapped file and two vCPUs; what is wrong with it otherwise. */
function point(steps: string): TestPoint {
  const text = `suite: a/b
about: A.
fixture:
  - create_vm: default
  - create_gmem: {size: 8192}
  - mmap: {of: gmem, length: 8192}
  - create_vcpu: {}
cases:
  - id: c
    about: A.
    steps:
${steps.replace(/^/gm, '      ')}
`;
  const source = parseSource('x.yaml', text);
  const errors = validate(source, schema);
  if (errors.length > 0) throw new CaseErrors(errors);
  const suite = { source, raw: source.data as RawSuite };
  const [first] = expandSuite(suite, { arch: 'x86_64', profile: profile('d8-7.4'), pageSize: 4096 });
  if (!first) throw new Error('no point');
  return first;
}

function problem(steps: string): string {
  try {
    point(steps);
  } catch (e) {
    if (e instanceof CaseErrors) return e.errors[0]?.message ?? '';
    if (e instanceof CaseError) return e.message;
    throw e;
  }
  return 'nothing wrong';
}

const blockOf = ({ program }: TestPoint): readonly (readonly PlannedStep[])[] =>
  program.steps.flatMap(({ step }) => (step.verb === 'parallel' ? nestedSteps(step) : []));

describe('a parallel', () => {
  const two = '- parallel:\n    - [load: 0, load: 8]\n    - [store: {value: 1}]';

  it('is a list of threads, or has one by name', () => {
    for (const steps of [two, '- parallel: {threads: [[load: 0, load: 8], [store: {value: 1}]]}']) {
      expect(blockOf(point(steps)).map((t) => t.map(({ step }) => step.verb))).toEqual([
        ['load', 'load'],
        ['store'],
      ]);
    }
  });

  it('expects of a step what is written there, else nothing', () => {
    const steps = '- parallel:\n    - [{load: 0, expect: {fault: none}}]\n    - [load: 0]';
    const [[written], [bare]] = blockOf(point(steps)) as [[PlannedStep], [PlannedStep]];
    expect(written.expect).toEqual({ fields: {}, fault: 'none' });
    expect(bare.expect).toEqual({ fields: {}, any: true });
  });

  it('runs in a guest of ours alone, on a target with threads', () => {
    expect(point(two).requires).toEqual(expect.arrayContaining(['threads', 'disposable']));
  });

  it('needs what its steps need', () => {
    const steps = '- parallel:\n    - [vcpu_load: 0]\n    - [pin: {how: io_uring}]';
    expect(point(steps).requires).toEqual(expect.arrayContaining(['vcpu', 'io-uring']));
  });

  it('leaves what one thread makes to the steps after it', () => {
    const steps = '- parallel:\n    - [dup: {on: gmem, as: mine}]\n    - [load: 0]\n- close: mine';
    expect(point(steps).program.steps.at(-1)?.step).toEqual({ verb: 'close', on: 'mine' });
  });

  it('allows alternatives in it and after it', () => {
    const steps = `- parallel:
    - [{load: 0, expect: {one_of: [{value: 0}, {value: 1}]}}]
    - [store: {value: 1}]
- load: 0
  expect: {one_of: [{value: 1}, {fault: SIGBUS}]}`;
    expect(point(steps).program.steps.at(-1)?.expect).toEqual({
      fields: {},
      oneOf: [{ fields: { value: 1n } }, { fields: {}, fault: 'SIGBUS' }],
    });
  });

  it.each([
    ['one thread', '- parallel: [[load: 0]]', 'expected at least 2 in'],
    ['five threads', '- parallel: [[load: 0], [load: 0], [load: 0], [load: 0], [load: 0]]', 'expected at most 4 in'],
    ['an empty thread', '- parallel: [[load: 0], []]', 'expected at least 1 in'],
    ['no threads', '- parallel: {}', "expected a 'threads'"],
    ['a step that is no list', '- parallel: [load: 0, load: 8]', 'expected'],
    ['a number', '- parallel: 3', 'expected'],
    ['a parallel', '- parallel: [[parallel: [[load: 0], [load: 0]]], [load: 0]]', 'expected a step other than parallel in the steps of a parallel'],
    ['a fork', '- parallel: [[fork: {steps: []}], [load: 0]]', 'expected a step other than fork in the steps of a parallel'],
    ['a limit', '- parallel: [[limit: 3], [load: 0]]', 'expected a step other than limit in the steps of a parallel'],
    ['a change of identity', '- parallel: [[become: 1], [load: 0]]', 'expected a step other than become in the steps of a parallel'],
    ['a name that both make', '- parallel: [[dup: {on: gmem, as: d}], [dup: {on: gmem, as: d}]]', "expected another name than 'd', which is made in thread 1"],
    ['a name of another thread', '- parallel: [[dup: {on: gmem, as: d}], [close: d]]', "expected the name of an object made by an earlier step, got 'd'"],
    ['a name made anew that another uses', '- parallel: [[load: 0], [mmap: {of: gmem, length: 8192, as: m}]]', "expected another name than 'm', which is made in thread 2"],
    ['a vCPU twice', '- parallel: [[vcpu_load: 0], [pre_fault: {gpa: 0, size: 4096}]]', "expected a vCPU for each thread, but 'vcpu' is used by threads 1 and 2"],
    ['two verbs in a step', '- parallel: [[{load: 0, close: gmem}], [load: 0]]', 'expected exactly one verb in a step, got load, close'],
  ])('with %s is refused', (_what, steps, message) => {
    expect(problem(steps)).toContain(message);
  }); // prettier-ignore

  it('is refused in a fork', () => {
    expect(problem('- fork: {steps: [parallel: [[load: 0], [load: 8]]]}')).toContain(
      'expected a step other than parallel in the steps of a fork',
    );
  });

  it('alone makes alternatives possible', () => {
    expect(problem('- load: 0\n  expect: {one_of: [{value: 0}, {value: 1}]}')).toContain(
      'expected one outcome: only in and after a parallel there may be several',
    );
    expect(problem(`${two}\n- load: 0\n  expect: {one_of: [{value: 0}, {value: 1}], errno: 0}`)).toContain(
      'expected either one_of, or what must come out',
    );
    expect(problem(`${two}\n- load: 0\n  expect: {one_of: [{value: 0}]}`)).toContain('expected at least 2');
  });
});
