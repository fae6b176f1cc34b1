// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import type { Arch } from '../../uapi/arch.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { execute } from '../core/execute.js';
import { worldOf } from '../core/world.js';
import { RULES } from './index.js';

const [D0, D7, D8] = ['d0-mainline', 'd7-v8', 'd8-7.4'] as const;
const PAGE = 4096n;
const GPA = 0x200000n;
const SHARED = 3n;

/** Errno and fields of the last step of a program. */
function last(
  profileId: string,
  steps: readonly PlannedStep[],
  arch: Arch = 'x86_64',
): Record<string, string | bigint> {
  const profile = findProfile(profileId);
  if (!profile) throw new RangeError(`no profile ${profileId}`);
  const trace = execute(RULES, worldOf(profile, arch, Number(PAGE)), steps);
  const result = trace.steps.at(-1);
  return { errno: result?.errno ?? 'none', ...result?.fields };
}

const guest = (type: 'default' | 'sw_protected', flags = SHARED): PlannedStep[] => [
  step('create_vm', { type }),
  step('create_gmem', { size: 4n * PAGE, flags }),
  step('mmap', { length: 4n * PAGE, as: 'u' }),
  step('create_vcpu', {}),
];
const bound = step('bind', { gpa: GPA, size: 4n * PAGE, gmem: 'gmem', map: 'u' });
const kept = [step('vcpu_store', { gpa: GPA, value: 7n }), step('load', { map: 'u', offset: 0n })];

describe('bind', () => {
  it.each<[string, Args<'bind'>, string]>([
    ['a free range', { slot: 2n, gpa: 0x600000n, size: PAGE, map: 'u' }, '0'],
    ['guest addresses that are taken', { slot: 1n, gpa: GPA, size: PAGE }, 'EEXIST'],
    ['pages of the file that are taken', { slot: 1n, gpa: 0x600000n, size: PAGE, gmem: 'gmem' }, 'EEXIST'],
    ['pages behind the end', { slot: 1n, gpa: 0x600000n, size: 5n * PAGE, gmem: 'gmem' }, 'EINVAL'],
    ['a slot of a file again', { gpa: GPA, size: 4n * PAGE, gmem: 'gmem', map: 'u' }, 'EINVAL'],
    ['a descriptor that nobody has', { slot: 1n, gpa: 0x600000n, size: PAGE, fd: 0xffffffffn }, 'EBADF'],
    ['an end at 2^64', { slot: 1n, gpa: (1n << 64n) - PAGE, size: PAGE }, 'EINVAL'],
    [
      'what lies just below a mapping',
      { slot: 1n, gpa: 0x600000n, size: PAGE, map: 'u', map_offset: -PAGE },
      '0',
    ],
  ])('of %s', (_, args, errno) => {
    expect(last(D8, [...guest('default'), bound, step('bind', args)])['errno']).toBe(errno);
  });

  it('frees guest addresses and pages when the slot is deleted', () => {
    const again = step('bind', { slot: 5n, gpa: GPA, size: 4n * PAGE, gmem: 'gmem' });
    expect(last(D8, [...guest('default'), bound, step('unbind', {}), again])['errno']).toBe('0');
  });
  it('needs a file that can be mapped on arm64', () => {
    expect(last(D0, [...guest('default', 0n), bound], 'aarch64')['errno']).toBe('EINVAL');
  });
});

describe('a guest access', () => {
  it.each([
    [D0, 'default', 0n, 7n],
    [D0, 'default', 1n, 0n],
    [D7, 'default', 2n, 7n],
    [D8, 'default', 2n, 0n],
  ] as const)(
    'of %s, %s VM, file with flags %d stores %d at userspace_addr',
    (profile, type, flags, value) => {
      expect(last(profile, [...guest(type, flags), bound, ...kept])).toMatchObject({ errno: '0', value });
    },
  );

  it('exits for MMIO where no slot is', () => {
    const program = [...guest('default'), step('vcpu_load', { gpa: GPA + 8n })];
    expect(last(D8, program)).toEqual({ errno: '0', exit: 6n, gpa: GPA + 8n, len: 8n, is_write: 0n });
  });
  it('finds half of its bytes in either page that it crosses', () => {
    const program = [
      ...guest('default'),
      bound,
      step('vcpu_store', { gpa: GPA + PAGE - 3n, value: 0x1122334455667788n }),
      step('vcpu_load', { gpa: GPA + PAGE }),
    ];
    expect(last(D8, program)).toMatchObject({ value: 0x1122334455n });
  });
  it.each([
    [D0, 'sw_protected', 8n],
    [D8, 'default', 0n],
  ] as const)(
    'of %s to a private page of a file that is gone, %s VM, has flags %d',
    (profile, type, flags) => {
      const attributes = step('set_vm_attributes', { gpa: GPA, size: PAGE, attributes: 8n });
      const program = [
        ...guest(type, type === 'default' ? SHARED : 1n),
        bound,
        ...(profile === D0 ? [attributes] : []),
        step('close', { on: 'gmem' }),
        step('vcpu_load', { gpa: GPA + 16n }),
      ];
      expect(last(profile, program)).toEqual({ errno: 'EFAULT', exit: 39n, flags, gpa: GPA, size: PAGE });
    },
  );
  it('of a default VM cannot use a private page where files keep the state', () => {
    const program = [...guest('default', 1n), bound, step('vcpu_load', { gpa: GPA })];
    expect(last(D8, program)).toMatchObject({ errno: 'EFAULT', exit: 39n, flags: 0n });
    expect(last(D0, program)).toMatchObject({ errno: '0', value: 0n });
  });
});

describe('pre_fault', () => {
  it.each([
    ['inside of the slot', GPA, 2n * PAGE, { errno: '0', gpa: GPA + 2n * PAGE, size: 0n }],
    ['past its end', GPA + 3n * PAGE, 4n * PAGE, { errno: '0', gpa: GPA + 4n * PAGE, size: 3n * PAGE }],
    ['before it', GPA - PAGE, 2n * PAGE, { errno: 'ENOENT', gpa: GPA - PAGE, size: 2n * PAGE }],
    ['of nothing', GPA, 0n, { errno: 'EINVAL', gpa: GPA, size: 0n }],
  ])('%s', (_, gpa, size, outcome) => {
    expect(last(D8, [...guest('default'), bound, step('pre_fault', { gpa, size })])).toEqual(outcome);
  });
});

describe('a hypercall', () => {
  const enabled = [...guest('default'), step('enable_cap', { cap: 201n, args: [1n << 12n] })];
  const ask = (pages: bigint): PlannedStep => step('vcpu_hypercall', { gpa: GPA, pages, to: 'private' });

  it('exits with what the guest asks, and returns what userspace says', () => {
    expect(last(D8, [...enabled, ask(2n)])).toMatchObject({ exit: 3n, arg0: GPA, arg1: 2n, arg2: 16n });
    expect(last(D8, [...enabled, ask(2n), step('vcpu_return', { value: 9n })])).toMatchObject({
      value: 9n,
    });
  });
  it('is refused to the guest when its range is empty or wraps', () => {
    expect(last(D8, [...enabled, ask(0n)])).toMatchObject({ value: BigInt.asUintN(64, -22n) });
    expect(last(D8, [...enabled, ask(-0x200n)])).toMatchObject({ value: BigInt.asUintN(64, -22n) });
  });
  it('is unknown unless enabled', () => {
    expect(last(D8, [...guest('default'), ask(1n)])).toMatchObject({ value: BigInt.asUintN(64, -1000n) });
  });
});
