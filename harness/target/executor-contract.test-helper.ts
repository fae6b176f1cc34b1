// SPDX-License-Identifier: GPL-2.0-only
/** What every executor on the running kernel must do, whatever it is made of. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireArg, WireProgram, WireReply } from '../lower/wire.js';
import type { Executor } from './executor.js';
import { blobAt, here, imm, mmapAnonymous, program, retOf, syscall } from './programs.test-helper.js';
import { expectedOutcomes, randomProgram, seenOutcomes } from './random-program.test-helper.js';

const ENOENT = 2;
const EINTR = 4;
const EBADF = 9;

/** Run a program that no kernel can crash on. */
export async function reply(executor: Executor, wire: WireProgram): Promise<WireReply> {
  const { reply } = await executor.run(wire);
  if (!reply) throw new Error(`${executor.name} reported a crash`);
  return reply;
}

/** @param numRuns random programs to compare. */
export function describeExecutor(make: () => Executor, numRuns: number): void {
  describe('any executor', () => {
    let executor: Executor;
    beforeAll(async () => {
      executor = make();
      await executor.start();
    });
    afterAll(() => executor.close());

    it('says where it runs', async () => {
      const hello = await executor.start();
      expect(hello).toMatchObject({ protocol: 1, machine: here });
      expect([4096, 16384, 65536]).toContain(hello.pageSize);
    });

    it('does what a small interpreter says of random programs', async () => {
      const property = fc.asyncProperty(randomProgram, async (wire) => {
        const seen = await reply(executor, wire);
        expect(seen.end).toBe('complete');
        expect(seenOutcomes(seen)).toEqual(expectedOutcomes(wire, seen));
      });
      await fc.assert(property, { numRuns });
    });

    it('gives the error number of a system call and none after success', async () => {
      const path = new Uint8Array(Buffer.from('/nonexistent\0'));
      const ops = [syscall('openat', [imm(-100), blobAt(0), imm(0)]), syscall('getpid', [])];
      const { results } = await reply(executor, program(ops, { blob: path }));
      expect(results[0]).toMatchObject({ status: 'done', ret: -1n, errno: ENOENT });
      expect(results[1]).toMatchObject({ status: 'done', errno: 0 });
    });

    it('passes descriptors that the kernel wrote into the blob to later calls', async () => {
      const end = (ref: number): WireArg => ({ kind: 'mem32', ref, add: 0n });
      const ops = [
        syscall('pipe2', [blobAt(16), imm(0)]),
        syscall('write', [end(20), blobAt(0), imm(5)]),
        syscall('read', [end(16), blobAt(32), imm(16)]),
        { code: 'peek', addr: blobAt(32), length: 5 } as const,
        ...[16, 20].map((ref) => syscall('close', [end(ref)])),
      ];
      const blob = new Uint8Array(64);
      blob.set(Buffer.from('hello'));
      const { results } = await reply(executor, program(ops, { blob }));
      expect(Buffer.from(results[3]?.data ?? []).toString()).toBe('hello');
      expect(results.map(({ ret }) => ret)).toEqual([0n, 5n, 5n, 0n, 0n, 0n]);
    });

    it('interrupts a call at its time limit and goes on', async () => {
      const end: WireArg = { kind: 'mem32', ref: 16, add: 0n };
      const ops = [
        syscall('pipe2', [blobAt(16), imm(0)]),
        syscall('read', [end, blobAt(32), imm(1)], { timeoutMs: 50 }),
        syscall('getpid', [], { timeoutMs: 1_000 }),
        ...[16, 20].map((ref) => syscall('close', [{ ...end, ref }])),
      ];
      const { end: how, results } = await reply(executor, program(ops));
      expect(how).toBe('complete');
      expect(results[1]).toMatchObject({ status: 'done', ret: -1n, errno: EINTR, timedOut: true });
      expect(results[1]?.durationNs).toBeGreaterThanOrEqual(50_000_000n);
      expect(results[2]).toMatchObject({ timedOut: false, errno: 0 });
    });

    it('runs what is told to run even when its descriptor never came to be, with −1', async () => {
      const ops = [
        syscall('openat', [imm(-100), imm(0), imm(0)], { resultIsFd: true }),
        syscall('dup', [retOf(0)], { resultIsFd: true }),
        syscall('close', [retOf(1)], { evenIfBroken: true }),
      ];
      const { results } = await reply(executor, program(ops));
      expect(results.map(({ status }) => status)).toEqual(['done', 'dependency', 'done']);
      expect(results[2]).toMatchObject({ ret: -1n, errno: EBADF });
    });

    it('leaves no descriptor to the next program', async () => {
      const ops = [
        syscall('eventfd2', [imm(0), imm(0)], { resultIsFd: true }),
        syscall('dup', [retOf(0)], { resultIsFd: true }),
      ];
      const first = await reply(executor, program(ops));
      const second = await reply(executor, program(ops));
      expect(second.results.map(({ ret }) => ret)).toEqual(first.results.map(({ ret }) => ret));
    });

    it('leaves no mapping to the next program', async () => {
      const [first] = (await reply(executor, program([mmapAnonymous(1 << 20)]))).results;
      const probe = program([{ code: 'load', addr: imm(first?.ret ?? 0n), width: 1 }]);
      expect((await reply(executor, probe)).results[0]?.status).toBe('fault');
    });

    it('starts every program with the blob it was given and zeroes behind it', async () => {
      const fill = { code: 'store', addr: blobAt(8), width: 8, value: imm(-1) } as const;
      const wire = program([{ code: 'peek', addr: blobAt(0), length: 16 }, fill], {
        blob: new Uint8Array([1, 2]),
      });
      await reply(executor, wire);
      const { results } = await reply(executor, wire);
      expect([...(results[0]?.data ?? [])]).toEqual([1, 2, ...new Array<number>(14).fill(0)]);
    });

    it.each([
      [
        'an op that refers to itself',
        program([{ code: 'load', addr: retOf(0), width: 1 }]),
        'refers to op 0',
      ],
      [
        'a word outside the blob',
        program([{ code: 'load', addr: { kind: 'mem64', ref: 249, add: 0n }, width: 1 }]),
        'outside the blob',
      ],
      [
        'a patch outside the blob',
        program([{ code: 'patch', offset: 255, width: 2, value: imm(0) }]),
        '255+2',
      ],
      ['no time limit', program([], { timeoutMs: 0 }), 'at least 1 ms'],
    ])('refuses a program with %s and runs the next', async (_what, wire, message) => {
      await expect(executor.run(wire)).rejects.toMatchObject({
        name: 'TargetError',
        scope: 'program',
        message: expect.stringContaining(message) as string,
      });
      await expect(reply(executor, program([]))).resolves.toMatchObject({ end: 'complete', results: [] });
    });

    it('carries a blob and data of megabytes', async () => {
      const blob = new Uint8Array(3 << 20).map((_, i) => i % 251);
      const { results } = await reply(
        executor,
        program([{ code: 'peek', addr: blobAt(0), length: blob.length }], { blob }),
      );
      expect(Buffer.from(results[0]?.data ?? []).equals(blob)).toBe(true);
    });
  });
}
