// SPDX-License-Identifier: GPL-2.0-only
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { errnoName, errnoNames, errnoNumber } from './errno.js';

it('agrees with this platform on every errno that Node knows', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    const ours = errnoNumber(name);
    if (ours !== undefined) expect([name, ours]).toEqual([name, number]);
  }
});

it('maps numbers back to names and keeps unknown ones visible', () => {
  for (const name of errnoNames) expect(errnoName(errnoNumber(name) ?? 0)).toBe(name);
  expect(errnoName(0)).toBe('0');
  expect(errnoName(512)).toBe('errno 512');
});
