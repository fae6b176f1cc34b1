// SPDX-License-Identifier: GPL-2.0-only
import { accessSync, constants } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineArch } from '../../kernels/build/agent.js';
import { canBuildAgent } from '../../kernels/build/agent.test-helper.js';
import type { WireOp } from '../lower/wire.js';
import { AgentExecutor } from './agent-executor.js';
import { describeExecutor, reply } from './executor-contract.test-helper.js';
import { AT, FLAG_INIT_SHARED, FLAG_MMAP, withGuestMemfd } from './kvm-programs.test-helper.js';
import { blobAt, imm, mmapAnonymous, program, retOf, syscall } from './programs.test-helper.js';

const SIGBUS = 7;
const SIGKILL = 9;
const SIGSEGV = 11;
const SEGV_ACCERR = 2;
const BUS_ADRERR = 2;

const arch = machineArch();
const sleepForever = syscall('nanosleep', [blobAt(0), imm(0)]);
const longSleep = new Uint8Array(256).fill(1, 0, 4);

function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const parallel = (count: number): WireOp => ({ code: 'parallel', count });
const thread = (count: number): WireOp => ({ code: 'thread', count, skew: 0 });

describe.skipIf(!canBuildAgent())('the agent (needs make and a C compiler)', () => {
  let agent: AgentExecutor;
  beforeAll(() => {
    agent = new AgentExecutor();
  });
  afterAll(() => agent.close());

  describeExecutor(() => new AgentExecutor(), 150);

  it('says that it forks and delivers signals, and which binary it is', async () => {
    const { features } = await agent.start();
    expect(features.filter((f) => f !== 'compat')).toEqual(['fork', 'signals', 'threads']);
    expect(agent.facts().agent).toMatch(/^[0-9a-f]{64}$/);
  });

  it('makes 32-bit system calls where the kernel takes them, and refuses them where it does not', async () => {
    const GETPID_32 = 20;
    const calls = program([
      syscall('getpid', []),
      { ...syscall('getpid', []), nr: GETPID_32, compat: true },
      { ...syscall('close', [imm(-1)]), nr: 6, compat: true },
    ]);
    if (!(await agent.start()).features.includes('compat')) {
      await expect(agent.run(calls)).rejects.toThrow('32-bit system calls do not work here');
      return;
    }
    const { results } = await reply(agent, calls);
    expect(results[1]).toMatchObject({ status: 'done', errno: 0, ret: results[0]?.ret });
    expect(results[2]).toMatchObject({ status: 'done', errno: 9, ret: -1n });
  });

  it('gives signal, code and address of a fault and goes on', async () => {
    const ops = [
      syscall('mmap', [imm(0), imm(8192), imm(1), imm(0x22), imm(-1), imm(0)]),
      { code: 'store', addr: retOf(0, 24), width: 8, value: imm(1) } as const,
      { code: 'load', addr: imm(16), width: 4 } as const,
      { code: 'load', addr: retOf(0, 24), width: 1 } as const,
    ];
    const { end, results } = await reply(agent, program(ops));
    const base = results[0]?.ret ?? 0n;
    expect(end).toBe('complete');
    expect(results[1]).toMatchObject({
      status: 'fault',
      signal: SIGSEGV,
      code: SEGV_ACCERR,
      faultAddress: base + 24n,
    });
    expect(results[2]).toMatchObject({
      status: 'fault',
      signal: SIGSEGV,
      code: 1,
      faultAddress: 16n,
      ret: -1n,
    });
    expect(results[3]).toMatchObject({ status: 'done', ret: 0n });
  });

  it('faults at the first byte a peek or poke cannot reach', async () => {
    const ops = [
      mmapAnonymous(8192),
      syscall('munmap', [retOf(0, 4096), imm(4096)]),
      { code: 'peek', addr: retOf(0, 4090), length: 32 } as const,
      { code: 'poke', addr: retOf(0, 4088), offset: 0, length: 32 } as const,
      { code: 'peek', addr: retOf(0, 4088), length: 8 } as const,
    ];
    const { results } = await reply(agent, program(ops, { blob: new Uint8Array(64).fill(9) }));
    const edge = (results[0]?.ret ?? 0n) + 4096n;
    expect(results[2]).toMatchObject({ status: 'fault', faultAddress: edge, data: new Uint8Array(0) });
    expect(results[3]).toMatchObject({ status: 'fault', faultAddress: edge });
    expect(results[4]?.data).toEqual(new Uint8Array(8).fill(9));
  });

  it('kills a program at its limit and keeps what it had done', async () => {
    const ops = [syscall('getpid', []), sleepForever, syscall('getpid', [])];
    const { end, results } = await reply(agent, program(ops, { timeoutMs: 100, blob: longSleep }));
    expect(end).toBe('timeout');
    expect(results.map(({ status }) => status)).toEqual(['done', 'in-flight', 'not-run']);
  });

  it('kills the forked child of a program at its limit, too', async () => {
    const ops = [{ code: 'fork', count: 1 } as const, sleepForever];
    const start = performance.now();
    const { end } = await reply(agent, program(ops, { timeoutMs: 100, blob: longSleep }));
    expect(end).toBe('timeout');
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('names the signal a program died of', async () => {
    const ops = [syscall('getpid', []), syscall('kill', [retOf(0), imm(SIGKILL)])];
    const { end, signal, results } = await reply(agent, program(ops));
    expect({ end, signal }).toEqual({ end: 'died', signal: SIGKILL });
    expect(results[1]?.status).toBe('in-flight');
  });

  it('does not take a SIGSEGV sent from outside for a fault of an op', async () => {
    const ops = [syscall('getpid', []), syscall('kill', [retOf(0), imm(SIGSEGV)])];
    await expect(reply(agent, program(ops))).resolves.toMatchObject({ end: 'died', signal: SIGSEGV });
  });

  it('calls a program that exits dead, without a signal', async () => {
    const wire = program([syscall('exit', [imm(0)])]);
    await expect(reply(agent, wire)).resolves.toMatchObject({ end: 'died', signal: 0 });
  });

  it('runs the ops of a fork in another process with its own memory', async () => {
    const ops = [
      syscall('getpid', []),
      { code: 'fork', count: 2 } as const,
      syscall('getpid', []),
      { code: 'store', addr: blobAt(0), width: 1, value: imm(5) } as const,
      { code: 'load', addr: blobAt(0), width: 1 } as const,
    ];
    const { end, results } = await reply(agent, program(ops));
    expect(end).toBe('complete');
    expect(results[2]?.ret).not.toBe(results[0]?.ret);
    expect(results.slice(1).map(({ status, ret }, i) => [status, i === 1 ? 0n : ret])).toEqual([
      ['done', 0n],
      ['done', 0n],
      ['done', 0n],
      ['done', 0n],
    ]);
  });

  it('goes on after a forked child that dies, and says of what', async () => {
    const ops = [
      { code: 'fork', count: 2 } as const,
      syscall('getpid', []),
      syscall('kill', [retOf(1), imm(SIGKILL)]),
      syscall('getpid', []),
    ];
    const { end, results } = await reply(agent, program(ops));
    expect(end).toBe('complete');
    expect(results[0]).toMatchObject({ status: 'done', ret: BigInt(SIGKILL) });
    expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'in-flight', 'done']);
  });

  it.each([
    [
      'a fork inside a fork',
      [{ code: 'fork', count: 1 } as const, { code: 'fork', count: 0 } as const],
      'a block of ops in another',
    ],
    ['a parallel inside a parallel', [parallel(2), thread(1), parallel(0)], 'a block of ops in another'],
    ['five threads', [parallel(5), ...Array.from({ length: 5 }, () => thread(0))], 'more than 4 threads'],
    ['an op beside threads', [parallel(1), syscall('getpid', [])], 'beside the threads'],
    ['a thread in none', [thread(0)], 'a thread outside of a parallel'],
    [
      'a thread of more ops than its parallel has',
      [parallel(1), thread(1), syscall('getpid', [])],
      'only 0 follow',
    ],
    [
      'what another thread does at the same time as an argument',
      [parallel(4), thread(1), syscall('getpid', []), thread(1), syscall('close', [retOf(2)])],
      'of another thread',
    ],
    ['a fork of more ops than there are', [{ code: 'fork', count: 1 } as const], 'only 0 follow'],
    ['peeks larger than a frame', [{ code: 'peek', addr: blobAt(0), length: 9 << 20 } as const], '8388608'],
  ])('refuses %s', async (_what, ops, message) => {
    await expect(agent.run(program(ops))).rejects.toThrow(message);
  });

  it('is an error of the program when it dies, and is there again for the next', async () => {
    const ops = [
      syscall('kill', [imm((await reply(agent, program([parent]))).results[0]?.ret ?? 0n), imm(SIGKILL)]),
    ];
    await expect(agent.run(program(ops))).rejects.toMatchObject({
      scope: 'program',
      message: 'The agent was killed by SIGKILL while it ran a program',
    });
    await expect(reply(agent, program([]))).resolves.toMatchObject({ end: 'complete' });
  });

  it('is given up when it stops answering', async () => {
    const silent = new AgentExecutor({ env: { GMEMCHECK_STOP_AFTER: '1' }, graceMs: 100 });
    await reply(silent, program([]));
    await expect(silent.run(program([], { timeoutMs: 100 }))).rejects.toMatchObject({
      scope: 'program',
      message: expect.stringContaining('within 200 ms') as string,
    });
    await expect(reply(silent, program([]))).resolves.toMatchObject({ end: 'complete' });
    await silent.close();
  });

  it('is a fatal error when it cannot be started', async () => {
    const absent = new AgentExecutor({ path: '/nonexistent/agent' });
    await expect(absent.start()).rejects.toMatchObject({
      scope: 'fatal',
      message: expect.stringContaining('ENOENT') as string,
    });
  });

  describe.skipIf(!hasKvm())('on guest_memfd (needs /dev/kvm)', () => {
    it('sees stores to shared pages', async (ctx) => {
      const wire = withGuestMemfd(2, FLAG_MMAP | FLAG_INIT_SHARED, [
        { code: 'store', addr: retOf(AT.map, 4104), width: 8, value: imm(0x1122334455667788n) },
        { code: 'load', addr: retOf(AT.map, 4104), width: 4 },
      ]);
      const { results } = await reply(agent, wire);
      if (results[AT.gmem]?.errno !== 0)
        return ctx.skip(`no guest_memfd here: errno ${results[AT.gmem]?.errno ?? 'unknown'}`);
      expect(results[AT.next + 1]).toMatchObject({ status: 'done', ret: 0x55667788n });
    });

    it('gets SIGBUS with code and address from a private page', async (ctx) => {
      const wire = withGuestMemfd(2, FLAG_MMAP, [{ code: 'load', addr: retOf(AT.map, 4104), width: 8 }]);
      const { results } = await reply(agent, wire);
      if (results[AT.gmem]?.errno !== 0)
        return ctx.skip(`no guest_memfd here: errno ${results[AT.gmem]?.errno ?? 'unknown'}`);
      const faultAddress = (results[AT.map]?.ret ?? 0n) + 4104n;
      expect(results[AT.next]).toMatchObject({
        status: 'fault',
        signal: SIGBUS,
        code: BUS_ADRERR,
        faultAddress,
      });
    });
  });
});

/** getppid, which no other program needs: the agent itself. */
const parent = { ...syscall('getpid', []), nr: arch === 'aarch64' ? 173 : 110 };
