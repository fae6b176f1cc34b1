// SPDX-License-Identifier: GPL-2.0-only
import { expect, it } from 'vitest';
import { d0Mainline } from './d0-mainline.js';
import { ageRemark, PROFILES } from './index.js';

it.each(['6.18.44-fc', '7.2.13', '5.10.0'])(
  'remarks that %s is older than what the profile describes',
  (release) => {
    expect(ageRemark(d0Mainline, release)).toContain(`describes Linux 7.3; ${release} is older`);
  },
);

it.each(['7.3.4', '7.3.0-rc1', '7.10.1', '8.0.0', 'next-20260923'])(
  'has nothing to remark on %s',
  (release) => {
    expect(ageRemark(d0Mainline, release)).toBeUndefined();
  },
);

it('has distinct ids and dialects, oldest first', () => {
  const dialects = PROFILES.map((p) => p.dialect);
  expect(dialects).toEqual([...new Set(dialects)].sort((a, b) => a - b));
  expect(new Set(PROFILES.map((p) => p.id)).size).toBe(PROFILES.length);
});
