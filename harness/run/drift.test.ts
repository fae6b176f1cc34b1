// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { StepResult, Trace } from '../program/trace.js';
import { first, pointsOf, profile, suiteOf, X86 } from '../suite/suites.test-helper.js';
import type { TestPoint } from '../suite/expand.js';
import { expectedElsewhere } from './drift.js';

const result = (errno: string): StepResult => ({
  state: 'done',
  errno,
  fields: {},
  calls: [],
  durationNs: 0n,
  children: [],
});
const trace = (...errnos: string[]): Trace => ({ steps: errnos.map(result) });
const d8 = { ...X86, profile: profile('d8') };

/** Profiles that expect what the steps of the one case of a suite did, with the suite held to D8. */
function elsewhere(body: string, seen: Trace): string[] {
  const point: TestPoint = first(pointsOf(body, d8));
  const indented = body.replaceAll(/^(?=.)/gm, '    ');
  const suite = suiteOf(`suite: a/b\nabout: A.\ncases:\n  - id: c\n    about: A.\n${indented}`);
  return expectedElsewhere([suite], d8)(point, seen);
}

const made = '  - create_vm: private_capable\n  - create_gmem: { size: page_size, flags: 3 }\n';
const attributes = 'set_attributes: { size: page_size, attributes: 0, error_offset: 1 }';

describe('what was seen', () => {
  const body = `profiles: [d3..d8]\nsteps:\n${made}  - ${attributes}\n    expect: { d3..d4: { errno: EINVAL }, d5..d8: { errno: 0 } }\n`;

  it('is what the profiles expect whose expectations it meets', () => {
    expect(elsewhere(body, trace('0', '0', 'EINVAL'))).toEqual(['d3-rfc2', 'd4-content-flags']);
  });

  it('may be what no profile expects', () => expect(elsewhere(body, trace('0', '0', 'EPERM'))).toEqual([]));

  it('is not judged by profiles for which the case does not hold', () => {
    const narrow = body.replace('[d3..d8]', '[d4..d8]').replace('d3..d4', 'd4');
    expect(elsewhere(narrow, trace('0', '0', 'EINVAL'))).toEqual(['d4-content-flags']);
  });

  it('is not judged by profiles that would have made other calls', () => {
    const converts = `steps:\n${made}  - convert: { size: page_size, to: private }\n    expect: { d0..d7: { errno: EINVAL }, d8: { errno: 0 } }\n`;
    // D1 has a command of its own, D4 and D5 have a flag.
    expect(elsewhere(converts, trace('0', '0', 'EINVAL'))).toEqual([
      'd0-mainline',
      'd3-rfc2',
      'd6-v7',
      'd7-v8',
    ]);
  });

  it('finds its point among those of a table', () => {
    const table = `table: [{ name: a, o: 0 }, { name: b, o: 1 }]\nsteps:\n${made}  - ${attributes.replace('error_offset: 1', 'error_offset: $o')}\n    expect: { d0..d3: { errno: EINVAL }, d4..d8: { errno: 0 } }\n`;
    expect(elsewhere(table, trace('0', '0', 'EINVAL'))).toEqual([
      'd0-mainline',
      'd1-convert-ioctls',
      'd3-rfc2',
    ]);
  });
});
