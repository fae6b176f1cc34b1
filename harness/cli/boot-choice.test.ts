// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../kernels/build/recipe.js';
import { bootOf, bootOfImage, bootWords, profileOf, refuseBootOptions, renderBoot } from './boot-choice.js';
import { UsageError } from './exit.js';

const plain: Recipe = {
  name: 'plain',
  about: 'A kernel.',
  profile: 'd0-mainline',
  source: { kind: 'debian', package: 'linux-source', suite: 'sid' },
  patches: [],
  fragments: { x86_64: [] },
  minimumPoints: { x86_64: 10 },
  shipped: true,
};
const rich: Recipe = {
  ...plain,
  name: 'rich',
  profile: 'd8-7.4',
  boot: { cmdline: ['quiet'], memoryMb: 512, timeoutMs: 1000 },
  dialects: {
    d3: { profile: 'd3-rfc2', cmdline: ['dialect=d3'], minimumPoints: { x86_64: 5 } },
    d8: { profile: 'd8-7.4', cmdline: ['dialect=d8'] },
  },
  defaultDialect: 'd8',
  switches: { 'in-place': { on: ['in=1'], off: ['in=0'] } },
};

describe('bootOf', () => {
  it('adds nothing for a recipe that says nothing', () => {
    const boot = bootOf(plain, {});
    expect(boot).toEqual({
      guest: { cmdline: [], facts: {} },
      words: [],
      profile: 'd0-mainline',
      minimumPoints: { x86_64: 10 },
      reference: 'plain',
    });
    expect(renderBoot(boot)).toBe('');
  });
  it('boots the default dialect with every switch on', () => {
    const boot = bootOf(rich, {});
    expect(boot).toMatchObject({
      dialect: 'd8',
      words: ['quiet', 'dialect=d8', 'in=1'],
      guest: { memoryMb: 512, bootTimeoutMs: 1000, facts: { dialect: 'd8', inPlace: 'on' } },
      minimumPoints: { x86_64: 10 },
      reference: 'rich',
    });
    expect(renderBoot(boot)).toBe('; booted with dialect d8: quiet dialect=d8 in=1');
  });
  it('compares another dialect with a reference of its own, and counts its own points', () => {
    expect(bootOf(rich, { dialect: 'd3' })).toMatchObject({
      words: ['quiet', 'dialect=d3', 'in=1'],
      profile: 'd3-rfc2',
      minimumPoints: { x86_64: 5 },
      reference: 'rich-d3',
    });
  });
  it.each([{ inPlace: 'off' as const }, { append: ['a=1 b'] }])(
    'compares and counts nothing when %o may change everything',
    (options) => {
      const boot = bootOf(rich, options);
      expect(boot).not.toHaveProperty('reference');
      expect(boot).not.toHaveProperty('profile');
      expect(boot.minimumPoints).toEqual({});
    },
  );
  it('appends words last', () => {
    expect(bootOf(rich, { inPlace: 'off', append: ['a=1 b', 'c'] }).words.slice(2)).toEqual([
      'in=0',
      'a=1',
      'b',
      'c',
    ]);
  });
  it.each([
    [rich, { dialect: 'd9' }, "expected a dialect of rich (d3, d8), got 'd9'"],
    [plain, { dialect: 'd3' }, 'plain has no dialects, got --dialect d3'],
    [plain, { inPlace: 'on' as const }, 'plain has no switch for in-place conversion, got --in-place on'],
  ])('refuses what $name does not have', (recipe, options, message) => {
    expect(() => bootOf(recipe, options)).toThrow(new UsageError(message));
  });
});

it('knows the profile without booting', () => {
  expect(profileOf(rich, 'd3')).toBe('d3-rfc2');
  expect(profileOf(rich, undefined)).toBe('d8-7.4');
  expect(profileOf(plain, undefined)).toBe('d0-mainline');
});

describe('a kernel without recipe', () => {
  it('takes words and nothing else', () => {
    expect(bootOfImage({ append: ['x y'] }, 'k')).toEqual({
      guest: { cmdline: ['x', 'y'] },
      words: ['x', 'y'],
    });
    expect(() => bootOfImage({ dialect: 'd3' }, 'k')).toThrow('--dialect needs --target qemu:RECIPE, got k');
  });
  it('that runs already takes no words either', () => {
    expect(() => refuseBootOptions({ append: ['x'] }, '--target host')).toThrow(
      /--append needs .* got --target host/,
    );
    expect(() => refuseBootOptions({}, '--target host')).not.toThrow();
  });
});

it('repeats options for a command line', () => {
  const words = ['--dialect', 'd3', '--in-place', 'off', '--append', 'x y'];
  expect(bootWords({ dialect: 'd3', inPlace: 'off', append: ['x y'] })).toEqual(words);
});
