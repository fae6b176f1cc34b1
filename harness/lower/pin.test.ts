// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../program/make.js';
import type { PinWay } from '../program/pin-ways.js';
import type { StepResult } from '../program/trace.js';
import { syscallNumber } from '../uapi/arch.js';
import type { SyscallName } from '../uapi/arch.js';
import { lastOp, lowered, replyTo, traced } from './lower.test-helper.js';
import type { WireResult } from './wire.js';

const page = 4096n;
const mapped = [
  step('create_vm', {}),
  step('create_gmem', { size: 8n * page, flags: 3n }),
  step('mmap', { of: 'gmem', length: 8n * page }),
];
const [PIN, UNPIN] = [mapped.length, mapped.length + 1];
const held = (how: PinWay, offset: bigint, length: bigint) => [
  ...mapped,
  step('pin', { how, offset, length }),
  step('unpin', {}),
];
/** The calls of a pin of one byte in page 3, and of its release. */
const callsOf = (how: PinWay, at: number): readonly string[] =>
  traced(held(how, 3n * page + 5n, 1n))[at]?.calls ?? [];

/** A pin of one page and its release, in which the last call of `name` that has `args` did as given. */
function when(
  how: PinWay,
  name: SyscallName,
  nth: number,
  result: Partial<WireResult>,
): readonly StepResult[] {
  const steps = held(how, 0n, page);
  const { wire } = lowered(steps);
  const matching = wire.ops.flatMap((op, i) =>
    op.code === 'syscall' && op.nr === syscallNumber(name, 'x86_64') ? [i] : [],
  );
  return traced(steps, { [matching.at(nth) ?? -1]: result });
}

/** What a peek saw. */
const seen = (value: bigint): Partial<WireResult> => ({
  data: new Uint8Array(new BigUint64Array([value, value]).buffer),
});

describe('pin', () => {
  it.each<[PinWay, string]>([
    ['vmsplice', 'vmsplice(pipe, [{m+0x3005, 1}], 1, SPLICE_F_NONBLOCK) = 0'],
    ['vmsplice_gift', 'vmsplice(pipe, [{m+0x3000, 4096}], 1, SPLICE_F_NONBLOCK|SPLICE_F_GIFT) = 0'],
    ['vmsplice_half', 'read(pipe, buffer, 0x800) = 0'],
    ['io_uring', 'io_uring_register(ring, IORING_REGISTER_BUFFERS, [{m+0x3005, 1}], 1) = 0'],
    [
      'gup_longterm',
      'ioctl(gup_test, PIN_LONGTERM_TEST_START, {addr=m+0x3000, size=0x1000, flags=WRITE}) = 0',
    ],
    [
      'gup_longterm_read',
      'ioctl(gup_test, PIN_LONGTERM_TEST_START, {addr=m+0x3000, size=0x1000, flags=0}) = 0',
    ],
    ['o_direct', 'pwrite64(nullb0, m+0x3000, 0x1000, 0) = 0'],
    [
      'o_direct',
      'io_uring_enter(ring, 1 /* WRITE of m+0x3000, 0x1000 bytes to nullb0 */, 0, 0, NULL, 0) = 0',
    ],
  ])('by %s calls %s', (how, call) => {
    expect(callsOf(how, PIN)).toContain(call);
  });

  it.each<[PinWay, RegExp]>([
    ['vfio', /^ioctl\(container, VFIO_IOMMU_MAP_DMA, {vaddr=m\+0x3000, iova=0x1\w+, size=0x1000}\) = 0$/],
    ['iommufd', /^ioctl\(iommu, IOMMU_IOAS_MAP, {vaddr=m\+0x3000, iova=0x1\w+, size=0x1000}\) = 0$/],
  ])('by %s maps for a device', (how, call) => {
    expect(callsOf(how, PIN).at(-1)).toMatch(call);
  });

  it.each<PinWay>(['gup_longterm', 'vmsplice_gift', 'o_direct', 'vfio', 'iommufd'])(
    'by %s takes every page that a range touches',
    (how) => {
      const calls = traced(held(how, page - 1n, 2n))[PIN]?.calls.join('\n');
      expect(calls).toMatch(/\bm\b(?!\+)/);
      expect(calls).toMatch(/0x2000|8192/);
    },
  );

  it('shares one container among the pins of a program, at addresses of their own', () => {
    const [, , , first, second] = traced([
      ...mapped,
      step('pin', { how: 'vfio', as: 'p' }),
      step('pin', { how: 'vfio', as: 'q' }),
    ]);
    expect(second?.calls).toHaveLength(1);
    const iova = (result?: StepResult): string | undefined =>
      /iova=\w+/.exec(result?.calls.at(-1) ?? '')?.[0];
    expect(iova(first)).toBeDefined();
    expect(iova(first)).not.toBe(iova(second));
  });

  it('gives direct I/O a device of its own while it is in flight', () => {
    const take = (as: string) => step('pin', { how: 'o_direct', as });
    const steps = [...mapped, take('p'), take('q'), step('unpin', { pin: 'p' }), take('p')];
    const devices = traced(steps).map((s) => /pwrite64\((\w+)/.exec(s.calls.join())?.[1]);
    expect(devices).toEqual([undefined, undefined, undefined, 'nullb0', 'nullb1', undefined, 'nullb0']);
  });

  it.each<[PinWay, SyscallName, number]>([
    ['gup_longterm', 'ioctl', 2],
    ['vmsplice', 'vmsplice', 0],
    ['io_uring', 'io_uring_register', 0],
    ['o_direct', 'pwrite64', 0],
    ['vfio', 'ioctl', 4],
    ['iommufd', 'ioctl', 5],
  ])('by %s reports the errno of the call that takes the references', (how, name, nth) => {
    const result = when(how, name, nth, { ret: -1n, errno: 14 })[PIN];
    expect(result).toMatchObject({ errno: 'EFAULT' });
    expect(result?.trouble).toBeUndefined();
  });

  it.each<[PinWay, SyscallName, number, bigint, string]>([
    ['vmsplice', 'vmsplice', 0, 100n, 'vmsplice took 100 of 4096 bytes'],
    ['o_direct', 'pwrite64', 0, 512n, 'wrote 512 of 4096 bytes to /dev/nullb0'],
    ['o_direct', 'pwrite64', 0, page, 'io_uring_enter took 0 requests of 1'],
  ])('by %s that did not take everything is trouble', (how, name, nth, ret, trouble) => {
    expect(when(how, name, nth, { ret })[PIN]?.trouble).toBe(trouble);
  });

  it.each<[PinWay, SyscallName]>([
    ['gup_longterm', 'openat'],
    ['vfio', 'readlinkat'],
    ['iommufd', 'openat'],
  ])('by %s whose set-up fails is trouble, not a refusal', (how, name) => {
    expect(when(how, name, -1, { ret: -1n, errno: 2 })[PIN]?.trouble).toMatch(
      /^setting up failed: .* ENOENT$/,
    );
  });

  it('reads what gup_test holds, and fails when that is nothing', () => {
    const result = when('gup_longterm', 'ioctl', 3, { ret: -1n, errno: 22 })[PIN];
    expect(result?.trouble).toMatch(/PIN_LONGTERM_TEST_READ.* EINVAL$/);
  });
});

describe('unpin', () => {
  it.each<[PinWay, RegExp]>([
    ['vmsplice', /^close\(pipe\)/],
    ['io_uring', /^io_uring_register\(ring, IORING_UNREGISTER_BUFFERS/],
    ['gup_longterm', /^ioctl\(gup_test, PIN_LONGTERM_TEST_STOP/],
    ['o_direct', /^io_uring_enter\(ring, 0, 1, IORING_ENTER_GETEVENTS/],
    ['vfio', /^ioctl\(container, VFIO_IOMMU_UNMAP_DMA/],
    ['iommufd', /^ioctl\(iommu, IOMMU_IOAS_UNMAP/],
  ])('of %s calls', (how, call) => {
    expect(callsOf(how, UNPIN).at(-1)).toMatch(call);
  });

  it.each<PinWay>(['gup_longterm', 'vmsplice'])('of %s reports what the holder reads', (how) => {
    const steps = held(how, 0n, page);
    const l = lowered(steps);
    const peek = lastOp(l.wire.ops, (op) => op.code === 'peek');
    expect(l.lift(replyTo(l, { [peek]: seen(7n) })).steps[UNPIN]?.fields).toEqual({ value: 7n });
  });

  it.each<[PinWay, string]>([
    ['vfio', 'unmapped 5 of 4096 bytes'],
    ['iommufd', 'unmapped 5 of 4096 bytes'],
    ['o_direct', 'the write in flight ended with 5'],
  ])('of %s that did not end as it should is trouble', (how, trouble) => {
    const l = lowered(held(how, 0n, page));
    const peek = lastOp(l.wire.ops, (op) => op.code === 'peek');
    expect(l.lift(replyTo(l, { [peek]: seen(5n) })).steps[UNPIN]?.trouble).toBe(trouble);
  });
});
