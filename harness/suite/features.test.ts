// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { FEATURES } from '../cli/paths.js';
import type { Program } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { evaluateFeatures, loadFeatures } from './features.js';
import type { Feature, FeatureState } from './features.js';

const ok: StepResult = {
  state: 'done',
  errno: '0',
  fields: {},
  calls: ['c() = 0'],
  durationNs: 0n,
  children: [],
};
const failed = (errno: string): StepResult => ({ ...ok, errno, calls: [`c() = -1 ${errno}`] });

/** What is found out of one feature when the steps of its probe do this; the rest succeed. */
async function state(
  feature: Partial<Feature>,
  last: StepResult,
  options: { arch?: string; first?: StepResult } = {},
): Promise<FeatureState | undefined> {
  const f = { id: 'f', about: 'the thing', ...feature };
  const run = ({ steps }: Program): Promise<StepResult[]> =>
    Promise.resolve(
      steps.map((_, i) => (i === steps.length - 1 ? last : i === 0 ? (options.first ?? ok) : ok)),
    );
  return (await evaluateFeatures([f], new Set(['fork']), options.arch ?? 'x86_64', 4096, run)).get('f');
}

describe('a feature', () => {
  it.each<[string, Partial<Feature>, StepResult, FeatureState]>([
    ['of the target', { target: 'fork' }, ok, { present: true, why: 'the target has the thing' }],
    [
      'that the target lacks',
      { target: 'signals' },
      ok,
      { present: false, why: 'the target lacks the thing' },
    ],
    [
      'whose ioctl reads its argument',
      { ioctl: 'KVM_CREATE_GUEST_MEMFD', absent: ['ENOTTY'] },
      failed('EFAULT'),
      { present: true, why: 'the thing (NULL argument: EFAULT)' },
    ],
    [
      'whose ioctl is unknown',
      { ioctl: 'KVM_CREATE_GUEST_MEMFD', absent: ['ENOTTY'] },
      failed('ENOTTY'),
      { present: false, why: 'absent: the thing (NULL argument: ENOTTY)' },
    ],
    [
      'whose hypercall comes back',
      { open: 'hypercall' },
      { ...ok, fields: { value: 0n } },
      { present: true, why: 'the thing' },
    ],
    [
      'whose hypercall never ends',
      { open: 'hypercall' },
      { ...failed('EINTR'), trouble: 'KVM_RUN was ended by the watchdog after 5000 ms' },
      { present: false, why: 'absent: the thing (KVM_RUN was ended by the watchdog after 5000 ms)' },
    ],
    [
      'that is a parameter, whatever its value',
      { param: 'gmem_in_place_conversion' },
      { ...ok, fields: { value: 0n } },
      { present: true, why: 'the thing' },
    ],
    [
      'whose parameter does not exist',
      { param: 'gmem_in_place_conversion' },
      failed('ENOENT'),
      { present: false, why: 'absent: the thing (ENOENT)' },
    ],
    [
      'whose capability is not zero',
      { capability: 'KVM_CAP_READONLY_MEM' },
      { ...ok, fields: { value: 1n } },
      { present: true, why: 'the thing (KVM_CAP_READONLY_MEM is 1)' },
    ],
    [
      'whose capability is zero',
      { capability: 'KVM_CAP_READONLY_MEM' },
      { ...ok, fields: { value: 0n } },
      { present: false, why: 'absent: the thing (KVM_CAP_READONLY_MEM is 0)' },
    ],
    ['whose VM type can be made', { vm_type: 'sw_protected' }, ok, { present: true, why: 'the thing' }],
    [
      'whose VM type cannot',
      { vm_type: 'sw_protected' },
      failed('EINVAL'),
      { present: false, why: 'absent: the thing (EINVAL)' },
    ],
    [
      'whose flags are refused',
      { gmem_flags: 3n },
      failed('EINVAL'),
      { present: false, why: 'absent: the thing (EINVAL)' },
    ],
    [
      'that cannot be opened',
      { open: 'memfd_secret' },
      failed('ENOSYS'),
      { present: false, why: 'absent: the thing (ENOSYS)' },
    ],
  ])('%s', async (_what, feature, last, expected) => expect(await state(feature, last)).toEqual(expected));

  it('is in doubt when its probe did not get that far, and says which call failed', async () => {
    const first = failed('EPERM');
    expect(await state({ gmem_flags: 3n }, { ...ok, state: 'dependency' }, { first })).toEqual({
      present: false,
      why: 'not known: the thing',
      doubt: 'feature f could not be probed: c() = -1 EPERM',
    });
  });

  it('that is a VM type is absent where there are none', async () => {
    expect(await state({ vm_type: 'sev' }, ok, { arch: 'aarch64' })).toMatchObject({ present: false });
  });

  it('that is the lack of another is its opposite', async () => {
    const features: Feature[] = [
      { id: 'a', about: 'A', target: 'fork' },
      { id: 'no-a', about: 'no A', not: 'a' },
      { id: 'b', about: 'B', target: 'signals' },
      { id: 'no-b', about: 'no B', not: 'b' },
    ];
    const states = await evaluateFeatures(features, new Set(['fork']), 'x86_64', 4096, () =>
      Promise.resolve([]),
    );
    expect([...states].map(([id, s]) => [id, s.present, s.why])).toEqual([
      ['a', true, 'the target has A'],
      ['no-a', false, 'present: the target has A'],
      ['b', false, 'the target lacks B'],
      ['no-b', true, 'the target lacks B'],
    ]);
  });
});

describe('the shipped features', () => {
  const features = loadFeatures(FEATURES);
  it('have distinct ids, and negations come after what they negate', () => {
    const ids = features.map((f) => f.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const f of features.filter(({ not }) => not !== undefined)) {
      expect(ids.slice(0, ids.indexOf(f.id))).toContain(f.not);
    }
  });

  it('can all be probed: each names constants that exist', async () => {
    const states = await evaluateFeatures(features, new Set(), 'x86_64', 4096, ({ steps }) =>
      Promise.resolve(steps.map(() => ok)),
    );
    expect(states.size).toBe(features.length);
  });
});
