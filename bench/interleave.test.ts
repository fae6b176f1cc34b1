// SPDX-License-Identifier: GPL-2.0-only
import { expect, it } from 'vitest';
import { interleave } from './interleave.js';

it('takes sides in turn and throws the first round away', async () => {
  const order: string[] = [];
  let clock = 0;
  const side = (name: string) => (): Promise<number> => {
    order.push(name);
    return Promise.resolve(clock++);
  };
  const samples = await interleave({ a: side('a'), b: side('b') }, 2);
  expect(order.join('')).toBe('ababab');
  expect(samples).toEqual({ a: [2, 4], b: [3, 5] });
});
