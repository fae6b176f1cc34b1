// SPDX-License-Identifier: GPL-2.0-only
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ChildChannel } from './child-channel.js';

const shell = (script: string): ChildChannel => new ChildChannel('shell', 'sh', ['-c', script]);

/** An orphan may stay a zombie until the machine's init looks after it. */
function alive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('ChildChannel', () => {
  it('is out of reach of a Ctrl-C: the leader of its own process group', async () => {
    const child = shell('read -r pid name state parent group rest < /proc/$$/stat; echo $pid=$group >&2');
    await expect(child.hello(5_000)).rejects.toThrow(/exited with code 0 while it started; (\d+)=\1$/);
  });

  it('does not wait for one who left the group and holds stderr open', async () => {
    const child = shell('setsid sleep 5 > /dev/null & exec sleep 60');
    await expect(child.hello(300)).rejects.toThrow(/The shell failed \(deadline/);
    const began = performance.now();
    await child.kill();
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(child.failure).toBe(true);
  });

  it('ends with the process what it left in its group', async () => {
    const child = shell('sleep 61 & echo $! >&2; wait');
    const error = await child.hello(1_000).then(
      () => expect.unreachable(),
      (reason: unknown) => reason as Error,
    );
    const [, pid = ''] = /(\d+)$/.exec(error.message) ?? [];
    expect(pid).not.toBe('');
    await expect.poll(() => alive(pid)).toBe(false);
  });

  it('says that a command could not be started, and can be killed all the same', async () => {
    const child = new ChildChannel('worker', '/nonexistent', []);
    await expect(child.hello(1_000)).rejects.toThrow(/could not be started: .*ENOENT/);
    await child.kill();
  });
});
