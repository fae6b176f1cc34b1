// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { Program } from '../program/step.js';
import type { StepResult, Trace } from '../program/trace.js';
import type { DriftCell } from '../report/drift-table.js';
import { profile, suiteOf, X86 } from '../suite/suites.test-helper.js';
import type { Profile } from '../uapi/profiles/index.js';
import { driftRow } from './drift-row.js';

const done: StepResult = {
  state: 'done',
  errno: '0',
  fields: {},
  calls: [],
  durationNs: 0n,
  children: [],
};

/** A kernel that answers the last step of each program as given, by the id of the point. */
function kernel(answers: Readonly<Record<string, string>>): {
  run: (program: Program, profile: Profile) => Promise<Trace>;
  ran: string[];
} {
  const ran: string[] = [];
  return {
    ran,
    run: ({ id, steps }, as) => {
      ran.push(`${id} as d${as.dialect}`);
      const last = { ...done, errno: answers[id] ?? '0' };
      return Promise.resolve({ steps: steps.map((_, i) => (i === steps.length - 1 ? last : done)) });
    },
  };
}

const HEAD =
  'about: A.\nfixture:\n  - create_vm: private_capable\n  - create_gmem: { size: page_size, flags: 3 }\ncases:\n';
const step = (id: string, verb: string, expect: string): string =>
  `  - id: ${id}\n    about: A.\n    steps:\n      - ${verb}\n        expect: ${expect}\n`;
const ATTRIBUTES = 'set_attributes: { size: page_size, attributes: 0, error_offset: 1 }';
const STRICT =
  '{ d0: { errno: ENOTTY }, d1: { errno: ENOTTY }, d3..d4: { errno: EINVAL }, d5..d8: { errno: 0 } }';

/** Suites of texts that `---` separates. */
const NAMES = ['a/b', 'convert/caps', 'c/d'];

async function row(text: string, { run }: Pick<ReturnType<typeof kernel>, 'run'>): Promise<DriftCell[]> {
  return driftRow({
    suites: text.split('---\n').map((body, i) => suiteOf(`suite: ${NAMES[i] ?? ''}\n${body}`)),
    ids: [],
    context: { arch: X86.arch, pageSize: X86.pageSize },
    features: new Map(['gmem', 'vm-private', 'conversion'].map((id) => [id, { present: true, why: '' }])),
    profiles: ['d3-rfc2', 'd5-gmem-only', 'd8-7.4'].map(profile),
    run,
  });
}

describe('one kernel held to several profiles', () => {
  it('fails under those that expect something else, and says what', async () => {
    const cells = await row(HEAD + step('c', ATTRIBUTES, STRICT), kernel({ 'a/b/c': 'EINVAL' }));
    expect(cells.map((c) => c.notOk)).toEqual([[], ['a/b/c'], ['a/b/c']]);
    expect(cells[2]?.telling).toMatchObject({
      id: 'a/b/c',
      mismatch: { expected: 'success', seen: 'EINVAL' },
      drift: ['d3-rfc2', 'd4-content-flags'],
    });
  });

  it('runs a program once for all profiles that write it in the same way', async () => {
    const fake = kernel({});
    await row(HEAD + step('c', ATTRIBUTES, STRICT), fake);
    expect(fake.ran).toEqual(['a/b/c as d3']);
  });

  it('runs it again where a verb means other calls', async () => {
    const fake = kernel({});
    await row(HEAD + step('c', 'convert: { size: page_size, to: private }', '{ errno: 0 }'), fake);
    // Dialect 5 asks for the contents to be preserved, the others have no such flag.
    expect(fake.ran).toEqual(['a/b/c as d3', 'a/b/c as d5']);
  });

  it('counts what a profile has no case for as not executed', async () => {
    const only =
      HEAD + step('c', ATTRIBUTES, '{ errno: 0 }').replace('about: A.', 'about: A.\n    profiles: [d8]');
    expect((await row(only, kernel({}))).map((c) => c.executed)).toEqual([0, 0, 1]);
  });

  it('names what the kernel does rather than a number, and what some profile expects rather than what none does', async () => {
    const suites = [
      HEAD + step('x', ATTRIBUTES, '{ errno: EFAULT }'),
      HEAD + step('n', ATTRIBUTES, STRICT),
      HEAD + step('y', ATTRIBUTES, STRICT),
    ].join('---\n');
    const all = { 'a/b/x': 'EPERM', 'convert/caps/n': 'EINVAL', 'c/d/y': 'EINVAL' };
    const cells = await row(suites, kernel(all));
    expect(cells[2]?.notOk).toEqual(['a/b/x', 'convert/caps/n', 'c/d/y']);
    expect(cells[2]?.telling?.id).toBe('c/d/y');
    const numbers = await row(suites, kernel({ 'a/b/x': 'EFAULT', 'convert/caps/n': 'EINVAL' }));
    expect(numbers[2]?.telling?.id).toBe('convert/caps/n');
  });
});
