// SPDX-License-Identifier: GPL-2.0-only
import { expect, it } from 'vitest';
import { findProfile, PROFILES, profilesOf } from './index.js';

const named = (key: string): string =>
  profilesOf(key)
    .map((p) => `d${p.dialect}`)
    .join(' ');

it.each([
  ['d3', 'd3'],
  ['d3-rfc2', 'd3'],
  ['d3..d5', 'd3 d4 d5'],
  ['d0..d3', 'd0 d1 d3'],
  ['d0..d8', 'd0 d1 d3 d4 d5 d6 d7 d8'],
  ['d8..d8', 'd8'],
  ['d5..d3', ''],
  ['d2', ''],
  ['d2..d4', ''],
  ['d9', ''],
  ['d3..', ''],
  ['d3-RFC2', ''],
  ['', ''],
])('%s names %s', (key, expected) => {
  expect(named(key)).toBe(expected);
});

it('finds a profile by id or ordinal, not by a range of several', () => {
  expect(findProfile('d6')?.id).toBe('d6-v7');
  expect(findProfile('d3..d5')).toBeUndefined();
});

it('knows the common names under every profile', () => {
  for (const p of PROFILES) {
    const names = ['CAP_CONVERSION', 'GMEM_MMAP', 'GMEM_PRIVATE', 'GMEM_SHARED'];
    expect(Object.keys(p.constants)).toEqual(expect.arrayContaining(names));
  }
});

it('begins the id of a profile with its ordinal', () => {
  for (const p of PROFILES) expect(p.id).toMatch(new RegExp(`^d${p.dialect}-`));
});
