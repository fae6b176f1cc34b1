// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { withLock } from './lock.js';

const name = `test-${process.pid}`;

describe('withLock', () => {
  it('lets one in at a time and tells the other that it waits', async () => {
    const events: string[] = [];
    let open: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const first = withLock(
      name,
      () => events.push('first waits'),
      async () => {
        entered();
        await held;
        events.push('first');
      },
    );
    await inside;
    const second = withLock(
      name,
      () => {
        events.push('second waits');
        open();
      },
      () => Promise.resolve(events.push('second')),
    );
    await Promise.all([first, second]);
    expect(events).toEqual(['second waits', 'first', 'second']);
  });
  it('is released when the action fails', async () => {
    await expect(
      withLock(
        name,
        () => undefined,
        () => Promise.reject(new Error('x')),
      ),
    ).rejects.toThrow('x');
    await withLock(
      name,
      () => expect.unreachable(),
      () => Promise.resolve(),
    );
  });
});
