// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StepResult, Trace } from '../program/trace.js';
import { decodeTrace, encodeTrace } from './trace-codec.js';

const number = fc.bigInt({ min: -(1n << 64n), max: 1n << 64n });
const text = fc.string({ unit: 'binary', maxLength: 8 });
const name = fc.oneof(text, fc.constantFrom('fd', 'error_offset', '$bigint', '__proto__', 's', 'e'));
const optional = { requiredKeys: [] };
const fault = fc.record(
  {
    signal: fc.constantFrom('SIGBUS' as const, 'SIGSEGV' as const, 'refused' as const),
    code: number,
    at: number,
  },
  { requiredKeys: ['signal'] },
);

/** Results that are in no way more regular than those of a kernel; calls and durations come back empty. */
const { result } = fc.letrec<{ result: StepResult; more: Partial<StepResult> }>((tie) => ({
  more: fc.record(
    {
      children: fc.array(tie('result'), { maxLength: 2 }),
      threads: fc.array(fc.array(tie('result'), { maxLength: 2 }), { maxLength: 2 }),
      fault,
      trouble: text,
      span: fc.record({ start: number, end: number }),
    },
    optional,
  ),
  result: fc
    .tuple(
      fc.constantFrom('done' as const, 'not-run' as const, 'in-flight' as const, 'dependency' as const),
      fc.oneof(fc.constantFrom('0', 'EINVAL', ''), text),
      fc.array(fc.tuple(name, number), { maxLength: 3 }).map((e) => Object.fromEntries(e)),
      fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constant({}), tie('more')),
    )
    .map(([state, errno, fields, more]) => ({
      ...{ state, errno, fields, calls: [], durationNs: 0n, children: [] },
      ...more,
    })),
}));
const trace: fc.Arbitrary<Trace> = fc.record(
  {
    steps: fc.array(result, { maxLength: 4 }),
    cut: text,
    crash: fc.record({ kind: fc.constantFrom('oops', 'splat'), title: text, excerpt: fc.constant([]) }),
  },
  { requiredKeys: ['steps'] },
);

describe('a coded trace', () => {
  it('gives back every trace, through JSON', () => {
    fc.assert(
      fc.property(trace, (given) => {
        const decoded = decodeTrace(JSON.parse(JSON.stringify(encodeTrace(given))));
        expect(decoded).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  it('says nothing of calls, durations and the console', () => {
    const step = {
      state: 'done',
      errno: '0',
      fields: {},
      calls: ['c'],
      durationNs: 5n,
      children: [],
    } as const;
    const crash = { kind: 'oops', title: 'BUG: b', excerpt: ['line'] } as const;
    const coded = encodeTrace({
      steps: [step, { ...step, errno: 'EINVAL' }],
      crash: { ...crash, excerpt: [] },
    });
    expect(coded).toEqual({ steps: [0, 'EINVAL'], crash: { kind: 'oops', title: 'BUG: b' } });
  });

  it.each([
    [null, 'a trace as an object'],
    [{}, 'a list of results'],
    [{ steps: [1] }, 'a result as an object'],
    [{ steps: [{ z: 1 }] }, "only known members of a result, got 'z'"],
    [{ steps: [{ s: 'gone' }] }, 'a state, one of done'],
    [{ steps: [{ f: { fd: 3 } }] }, 'decimal digits'],
    [{ steps: [{ x: ['SIGILL', null, null] }] }, 'a signal, one of'],
    [{ steps: [{ x: ['SIGBUS'] }] }, 'decimal digits'],
    [{ steps: [{ w: ['1'] }] }, 'decimal digits'],
    [{ steps: [{ p: [0] }] }, 'a list of results'],
    [{ steps: [], crash: { kind: 'x', title: '' } }, 'a kind of crash'],
    [{ steps: [], cut: 1 }, 'a string as cut'],
  ])('refuses %j', (value, message) => {
    expect(() => decodeTrace(value)).toThrow(message);
  });
});
