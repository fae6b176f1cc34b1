// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { first, pointsOf, X86 } from './suites.test-helper.js';

describe('repetitions', () => {
  const sizes = (text: string): string =>
    first(pointsOf(`steps:\n  - create_vm: default\n${text.replaceAll(/^/gm, '  ')}\n`))
      .program.steps.map(({ step }) => step)
      .map((s) => (s.verb === 'create_gmem' ? s.size.toString() : s.verb))
      .join(' ');

  it('do their steps once for each number, the last included', () => {
    expect(sizes('- each: { i: 1..3 }\n  steps: [{ create_gmem: { size: $i } }, { close: gmem }]')).toBe(
      'create_vm 1 close 2 close 3 close',
    );
  });

  it('go by a stride, and stop before what is beyond the end', () => {
    expect(sizes('- each: { i: 0..5 by 2 }\n  steps: [{ create_gmem: { size: $i+1 } }]')).toBe(
      'create_vm 1 3 5',
    );
  });

  it('may be within another', () => {
    const inner =
      '- each: { i: 0..1 }\n  steps:\n    - each: { j: 1..2 }\n      steps: [{ create_gmem: { size: 10*$i+$j } }]';
    expect(sizes(inner)).toBe('create_vm 1 2 11 12');
  });

  it('keep what they make, and their variable to themselves', () => {
    expect(sizes('- each: { i: 1..2 }\n  steps: [{ create_gmem: { size: $i } }]\n- close: gmem')).toBe(
      'create_vm 1 2 close',
    );
    expect(() =>
      sizes('- each: { i: 1..2 }\n  steps: [{ create_gmem: { size: $i } }]\n- create_gmem: { size: $i }'),
    ).toThrow("unknown variable '$i'");
  });

  it('are built at their ends alone where a case is only checked, and counted whole', () => {
    const body = (to: number): string =>
      `steps:\n  - create_vm: default\n  - each: { i: 1..${to} }\n    steps: [{ create_gmem: { size: $i } }]\n`;
    const { steps } = first(pointsOf(body(999), { ...X86, rounds: 'ends' })).program;
    expect(steps.slice(1).map(({ step }) => step.verb === 'create_gmem' && step.size)).toEqual([
      1n,
      2n,
      999n,
    ]);
    const nested =
      'steps:\n  - each: { i: 1..999 }\n    steps:\n      - each: { j: 1..99 }\n        steps: [{ create_vm: default }]\n';
    expect(() => pointsOf(nested, { ...X86, rounds: 'ends' })).toThrow('at most 12000 steps');
  });
});

describe('a case whose steps run several times', () => {
  const verbs = (text: string, context = X86): string =>
    first(pointsOf(text, context))
      .program.steps.map(({ step }) => step.verb)
      .join(' ');
  const body =
    'fixture: [{ create_vm: default }]\nsteps: [{ create_gmem: { size: 4096 } }, { close: gmem }]\n';

  it('has its fixture once, and what one time makes in the next', () => {
    expect(verbs(`${body}times: 3`)).toBe('create_vm create_gmem close create_gmem close create_gmem close');
  });

  it('is built less often where that is enough', () => {
    expect(verbs(`${body}times: 9`, { ...X86, times: 2 }).split(' ')).toHaveLength(5);
  });

  it('is built three times where it is only checked, and counted whole', () => {
    expect(verbs(`${body}times: 9`, { ...X86, rounds: 'ends' }).split(' ')).toHaveLength(7);
    const long = `${body}times: 1000`.replace(
      '{ close: gmem }',
      `{ each: { i: 1..20 }, steps: [{ create_vm: default }] }`,
    );
    expect(() => pointsOf(long, { ...X86, rounds: 'ends' })).toThrow('at most 12000 steps');
  });
});
