// SPDX-License-Identifier: GPL-2.0-only
import { accessSync, constants } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { describeExecutor, reply } from './executor-contract.test-helper.js';
import { HostExecutor } from './host-executor.js';
import { AT, FLAG_INIT_SHARED, FLAG_MMAP, withGuestMemfd } from './kvm-programs.test-helper.js';
import { blobAt, imm, mmapAnonymous, program, retOf, syscall } from './programs.test-helper.js';

const EFAULT = 14;
const SIGSEGV = 11;

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

describe('the ffi-rs worker', () => {
  const host = new HostExecutor();
  afterAll(() => host.close());

  describeExecutor(() => new HostExecutor(), 100);

  it('has neither fork nor signals, and refuses a fork', async () => {
    expect((await host.start()).features).toEqual([]);
    await expect(host.run(program([{ code: 'fork', count: 0 }]))).rejects.toMatchObject({
      scope: 'program',
      message: 'The host worker refused the program: op 0: this executor cannot fork, use the agent',
    });
  });

  it('makes no 32-bit system calls', async () => {
    const call = syscall('getpid', [], { compat: true });
    await expect(host.run(program([call]))).rejects.toThrow('makes no 32-bit system calls, use the agent');
  });

  it('survives what would kill it and says EFAULT', async () => {
    const ops = [
      syscall('mmap', [imm(0), imm(4096), imm(1), imm(0x22), imm(-1), imm(0)], { resultIsMapping: true }),
      { code: 'store', addr: retOf(0), width: 8, value: imm(1) } as const,
      { code: 'poke', addr: retOf(0), offset: 0, length: 8 } as const,
      { code: 'peek', addr: retOf(0, 4092), length: 8 } as const,
      { code: 'load', addr: retOf(0), width: 1 } as const,
    ];
    const { results } = await reply(host, program(ops));
    const refused = { status: 'fault', signal: 0, errno: EFAULT, ret: -1n };
    expect(results.slice(1, 4)).toMatchObject([refused, refused, refused]);
    expect(results[4]).toMatchObject({ status: 'done', ret: 0n });
  });

  it('does not unmap what a program has unmapped itself', async () => {
    const ops = [mmapAnonymous(1 << 20), syscall('munmap', [retOf(0), imm(1 << 20)])];
    for (let i = 0; i < 20; i++) {
      await expect(reply(host, program(ops))).resolves.toMatchObject({ end: 'complete' });
    }
  });

  it('is an error of the program when it dies, naming the op, and is there again for the next', async () => {
    const ops = [syscall('getpid', []), syscall('kill', [retOf(0), imm(SIGSEGV)])];
    await expect(host.run(program(ops))).rejects.toMatchObject({
      scope: 'program',
      message: expect.stringMatching(
        /^The host worker was killed by SIG(SEGV|ABRT) while it ran a program; op 1 was executing/,
      ) as string,
    });
    await expect(reply(host, program([]))).resolves.toMatchObject({ end: 'complete' });
  });

  it('is killed when a program exceeds its limit, naming the op', async () => {
    const sleep = syscall('nanosleep', [blobAt(0), imm(0)]);
    const blob = new Uint8Array(16).fill(1, 0, 4);
    await expect(host.run(program([sleep], { blob, timeoutMs: 100 }))).rejects.toMatchObject({
      scope: 'program',
      message: expect.stringMatching(/within 600 ms.*op 0 was executing/) as string,
    });
    await expect(reply(host, program([]))).resolves.toMatchObject({ end: 'complete' });
  });

  it.skipIf(!hasKvm())('sees shared pages and is refused private ones (needs /dev/kvm)', async (ctx) => {
    const access = [
      { code: 'store', addr: retOf(AT.map, 4104), width: 8, value: imm(0x1122334455667788n) } as const,
      { code: 'load', addr: retOf(AT.map, 4104), width: 4 } as const,
    ];
    const shared = await reply(host, withGuestMemfd(2, FLAG_MMAP | FLAG_INIT_SHARED, access));
    const errno = shared.results[AT.gmem]?.errno;
    if (errno !== 0) return ctx.skip(`no guest_memfd here: errno ${errno ?? 'unknown'}`);
    expect(shared.results[AT.next + 1]).toMatchObject({ status: 'done', ret: 0x55667788n });
    const hidden = await reply(host, withGuestMemfd(2, FLAG_MMAP, access));
    expect(hidden.results.slice(AT.next)).toMatchObject([
      { status: 'fault', errno: EFAULT },
      { status: 'fault', errno: EFAULT },
    ]);
  });
});
