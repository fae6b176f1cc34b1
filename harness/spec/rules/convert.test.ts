// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../../program/make.js';
import type { Args } from '../../program/make.js';
import type { PlannedStep } from '../../program/step.js';
import { findProfile } from '../../uapi/profiles/index.js';
import { execute } from '../core/execute.js';
import { START } from '../core/state.js';
import { track } from '../core/track.js';
import { worldOf } from '../core/world.js';
import type { World } from '../core/world.js';
import { RULES } from './index.js';

const PAGE = 4096n;

function worldIn(dialect: string, features: Readonly<Record<string, boolean>> = {}): World {
  const profile = findProfile(dialect);
  if (!profile) throw new Error(`no ${dialect}`);
  return worldOf(profile, 'x86_64', Number(PAGE), new Map(Object.entries(features)));
}

/** A file of four pages, shared at first, with contents in pages 1 and 2. */
const file = (type: Args<'create_vm'>['type'] = 'sw_protected', dialect = 'd8'): PlannedStep[] => [
  step('create_vm', { type }),
  step('create_gmem', { size: 4n * PAGE, flags: dialect === 'd0' || dialect === 'd1' ? 1n : 3n }),
  step('mmap', { of: 'gmem', length: 4n * PAGE }),
  step('store', { offset: PAGE, value: 0x1111n }),
  step('store', { offset: 2n * PAGE, value: 0x2222n }),
];
const held = step('pin', { map: 'm', offset: 2n * PAGE, how: 'vmsplice' });
const request = (args: Args<'set_attributes'> = {}): PlannedStep =>
  step('set_attributes', { offset: PAGE, size: 2n * PAGE, attributes: 8n, ...args });
const convert = (to: 'private' | 'shared', args: Args<'convert'> = {}): PlannedStep =>
  step('convert', { offset: PAGE, size: 2n * PAGE, to, ...args });
const load = (page: bigint): PlannedStep => step('load', { offset: page * PAGE });

/** What the last steps of a program come to, one line each: errno, signal, or the field that was asked for. */
function outcome(world: World, steps: readonly PlannedStep[], last: number, field = 'value'): string[] {
  return execute(RULES, world, steps)
    .steps.slice(-last)
    .map(({ errno, fault, fields }) => {
      const value = fields[field];
      const number = value === undefined ? '' : ` 0x${value.toString(16)}`;
      return fault ? fault.signal : errno + number;
    });
}

describe('a request by KVM_SET_MEMORY_ATTRIBUTES2', () => {
  const answer = (dialect: string, args: Args<'set_attributes'>, type?: Args<'create_vm'>['type']) =>
    outcome(worldIn(dialect), [...file(type, dialect), request(args)], 1, 'error_offset')[0];

  it.each<[string, Args<'set_attributes'>, string]>([
    ['d8', {}, '0 0x0'],
    ['d8', { error_offset: 7n }, '0 0x7'],
    ['d5', { error_offset: 7n, flags: 2n }, '0 0x7'],
    ['d4', { error_offset: 7n }, 'EINVAL 0x7'],
    ['d8', { flags: 2n }, 'EINVAL 0x0'],
    ['d5', { flags: 3n }, 'EINVAL 0x0'],
    ['d5', { flags: 1n }, 'EOPNOTSUPP 0x1000'],
    ['d5', { flags: 1n, attributes: 0n }, '0 0x0'],
    ['d5', { flags: 1n, arg: 'readonly' }, 'EFAULT 0x0'],
    ['d8', { reserved: [0n, 1n] }, 'EINVAL 0x0'],
    ['d8', { attributes: 9n }, 'EINVAL 0x0'],
    ['d8', { size: 0n }, 'EINVAL 0x0'],
    ['d8', { size: (1n << 64n) - PAGE }, 'EINVAL 0x0'],
    ['d8', { size: 4n * PAGE }, 'EINVAL 0x0'],
    ['d8', { arg: 'straddle' }, 'EFAULT'],
    ['d8', { arg: 'null', cmd: 0xc080aed3n }, 'ENOTTY'],
    ['d8', { cmd: 0xffffffffc080aed2n }, '0 0x0'],
    ['d1', {}, 'ENOTTY 0x0'],
    ['d0', {}, 'ENOTTY 0x0'],
  ])('comes in %s with %o to %s', (dialect, args, expected) => {
    expect(answer(dialect, args)).toBe(expected);
  });

  it('is granted to a VM without private memory when it asks for none, up to dialect 6', () => {
    expect(answer('d6', { attributes: 0n }, 'default')).toBe('0 0x0');
    expect(answer('d6', {}, 'default')).toBe('EINVAL 0x0');
    expect(answer('d7', { attributes: 0n }, 'default')).toBe('EINVAL 0x0');
    expect(answer('d5', { attributes: 0n, flags: 2n }, 'default')).toBe('EOPNOTSUPP 0x1000');
  });

  it('is the business of a VM where VMs have the command', () => {
    const ask = (world: World, args: Args<'set_attributes'>) =>
      outcome(world, [step('create_vm', { type: 'sw_protected' }), request({ on: 'vm', ...args })], 1)[0];
    const has = worldIn('d0', { 'vm-attributes2': true });
    expect(ask(has, {})).toBe('0');
    expect(ask(has, { attributes: 1n })).toBe('EINVAL');
    expect(ask(has, { arg: 'null' })).toBe('EFAULT');
    expect(ask(worldIn('d8'), { arg: 'null' })).toBe('ENOTTY');
  });
});

describe('the ioctls of dialect 1', () => {
  it.each<[Args<'convert_raw'>, string]>([
    [{}, '0 0x0'],
    [{ error_offset: 1n, size: 0n }, 'EINVAL 0x1'],
    [{ size: 0n, offset: 1n << 40n }, '0 0x0'],
    [{ size: PAGE + 1n }, 'EINVAL 0x0'],
    [{ size: 4n * PAGE }, 'EINVAL 0x0'],
    [{ arg: 'unmapped' }, 'EFAULT'],
    [{ reserved: [1n, 1n, 1n, 1n, 1n] }, '0 0x0'],
  ])('make of %o %s', (args, expected) => {
    const asked = step('convert_raw', { offset: PAGE, size: PAGE, to: 'private', ...args });
    expect(outcome(worldIn('d1'), [...file('sw_protected', 'd1'), asked], 1, 'error_offset')).toEqual([
      expected,
    ]);
  });
});

describe('a conversion', () => {
  it.each(['d1', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8'])(
    'takes the pages of its range and gives them back in %s',
    (d) => {
      const steps = [...file('sw_protected', d), convert('private'), load(0n), load(1n), load(2n), load(3n)];
      expect(outcome(worldIn(d), steps, 4)).toEqual(['0 0x0', 'SIGBUS', 'SIGBUS', '0 0x0']);
      expect(outcome(worldIn(d), [...steps, convert('shared'), load(1n), load(2n)], 2)).toEqual([
        '0 0x1111',
        '0 0x2222',
      ]);
    },
  );

  it('ends at a page in use, with the range unmapped and nothing else changed', () => {
    const steps = [...file(), held, request({ offset: 0n, size: 3n * PAGE })];
    expect(outcome(worldIn('d8'), steps, 1, 'error_offset')).toEqual(['EAGAIN 0x2000']);
    const present = [1n, 2n].map((page) => step('pagemap', { map: 'm', offset: page * PAGE }));
    expect(outcome(worldIn('d8'), [...file(), held, ...present], 2, 'present')).toEqual(['0 0x1', '0 0x1']);
    expect(outcome(worldIn('d8'), [...steps, ...present], 2, 'present')).toEqual(['0 0x0', '0 0x0']);
    expect(outcome(worldIn('d8'), [...steps, load(1n)], 1)).toEqual(['0 0x1111']);
    const unwritable = request({ arg: 'readonly' });
    expect(outcome(worldIn('d8'), [...file(), held, unwritable], 1, 'error_offset')).toEqual(['EFAULT 0x0']);
    expect(outcome(worldIn('d8'), [...file(), held, request({ attributes: 0n })], 1)).toEqual(['0']);
  });

  it('may meet an access of another thread, at any page', () => {
    const steps = [...file(), request()];
    const seen = (errno: string, offset: bigint) =>
      execute(RULES, worldIn('d8'), steps).steps.map((result, i) => {
        const fields = { ...result.fields, error_offset: offset };
        return i < steps.length - 1 ? result : { ...result, errno, fields };
      });
    const concurrent = { ...worldIn('d8'), concurrent: true };
    const alone = track(RULES, worldIn('d8'), [START], steps, seen('EAGAIN', PAGE));
    expect(alone.violation?.step).toBe(steps.length);
    expect(track(RULES, concurrent, [START], steps, seen('EAGAIN', PAGE)).violation).toBeUndefined();
    expect(track(RULES, concurrent, [START], steps, seen('EINVAL', PAGE)).violation).toBeDefined();
  });

  it('does with contents what its flags say, in pages that exist', () => {
    const after = (flags: bigint, page: bigint) =>
      outcome(worldIn('d5'), [...file(), request({ attributes: 0n, flags }), load(page)], 1);
    expect(after(1n, 1n)).toEqual(['0 0x0']);
    expect(after(2n, 1n)).toEqual(['0 0x1111']);
    const scrambled = [
      ...file(),
      request({ offset: 0n, size: 4n * PAGE, attributes: 0n }),
      load(1n),
      load(3n),
    ];
    const trace = execute(RULES, worldIn('d5'), scrambled).steps;
    const given = (number: number, value: bigint) =>
      trace.map((result, i) => (i === trace.length - number ? { ...result, fields: { value } } : result));
    const judged = (results: typeof trace) =>
      track(RULES, worldIn('d5'), [START], scrambled, results).violation?.step;
    expect(judged(given(2, 0x77n))).toBeUndefined();
    expect(judged(given(1, 0x77n))).toBe(scrambled.length);
  });
});
