// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { BOOT_GPA, DOORBELL_GPA } from '../program/guest-layout.js';
import { step } from '../program/make.js';
import { CONSTANTS } from '../uapi/constants.js';
import type { Arch } from '../uapi/arch.js';
import { ARCHES, syscallNumber } from '../uapi/arch.js';
import { aarch64Guest } from './guest-aarch64.js';
import { x86Guest } from './guest-x86_64.js';
import { calls, lowered, traced } from './lower.test-helper.js';
import type { WireOp } from './wire.js';

const made = [step('create_vm', {}), step('create_vcpu', {})];
const twice = [...made, step('vcpu_load', { gpa: 0x1000n }), step('vcpu_store', { gpa: 0x2000n, value: 7n })];

/** Names of the ioctls of a program in order. */
function ioctls(steps: typeof made, arch: Arch): string[] {
  const names = new Map(Object.entries(CONSTANTS).map(([k, v]) => [v, k]));
  return lowered(steps, arch).wire.ops.flatMap((op) =>
    op.code === 'syscall' && op.nr === syscallNumber('ioctl', arch)
      ? [names.get(op.args[1]?.add ?? 0n) ?? '?']
      : [],
  );
}

const runs = (ops: readonly WireOp[], arch: Arch): number[] =>
  ops.flatMap((op, i) =>
    op.code === 'syscall' &&
    op.nr === syscallNumber('ioctl', arch) &&
    op.args[1]?.add === CONSTANTS['KVM_RUN']
      ? [i]
      : [],
  );

describe('a vCPU', () => {
  it('is set up on x86_64 by its system registers, aimed by its registers', () => {
    expect(ioctls(twice, 'x86_64')).toEqual([
      'KVM_CREATE_VM',
      'KVM_SET_USER_MEMORY_REGION',
      'KVM_CREATE_VCPU',
      'KVM_SET_CPUID2',
      'KVM_GET_SREGS',
      'KVM_SET_SREGS',
      'KVM_SET_REGS',
      'KVM_RUN',
      'KVM_RUN',
      'KVM_SET_REGS',
      'KVM_RUN',
    ]);
  });

  it('is initialised on aarch64 and set register by register', () => {
    const reg = (n: number): string[] => Array.from({ length: n }, () => 'KVM_SET_ONE_REG');
    expect(ioctls(twice, 'aarch64')).toEqual([
      'KVM_CREATE_VM',
      'KVM_SET_USER_MEMORY_REGION',
      'KVM_CREATE_VCPU',
      'KVM_ARM_PREFERRED_TARGET',
      'KVM_ARM_VCPU_INIT',
      ...reg(4),
      ...reg(4),
      'KVM_RUN',
      'KVM_RUN',
      ...reg(4),
      'KVM_RUN',
    ]);
  });

  it.each(ARCHES)('on %s always runs against a watchdog: guest code may never exit', (arch) => {
    const { ops } = lowered(twice, arch).wire;
    const found = runs(ops, arch);
    expect(found).toHaveLength(3);
    const limits = found.map((i) => {
      const op = ops[i];
      return op?.code === 'syscall' ? op.timeoutMs : 0;
    });
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(1000);
  });

  it.each(ARCHES)('on %s finishes the access before with immediate_exit, and lets that fail', (arch) => {
    const { ops } = lowered(twice, arch).wire;
    const between = runs(ops, arch)[1] ?? 0;
    const flag = { code: 'store', width: 1, addr: { kind: 'ret', add: 1n } };
    expect(ops[between - 1]).toMatchObject({ ...flag, value: { add: 1n } });
    expect(ops[between]).toMatchObject({ evenIfBroken: true });
    expect(ops[between + 1]).toMatchObject({ ...flag, value: { add: 0n } });
  });

  it('shows only what the access is about', () => {
    expect(calls(twice).slice(2)).toEqual([
      'ioctl(vm, KVM_CREATE_VCPU, 0) = vcpu',
      'ioctl(vcpu, KVM_SET_REGS, {rip=load, rdi=0x1000}) = 0',
      'ioctl(vcpu, KVM_RUN, 0) = 0',
      'ioctl(vcpu, KVM_SET_REGS, {rip=store, rdi=0x2000}) = 0',
      'ioctl(vcpu, KVM_RUN, 0) = 0',
    ]);
    expect(calls(twice, 'aarch64').slice(2)).toEqual([
      'ioctl(vm, KVM_CREATE_VCPU, 0) = vcpu',
      'ioctl(vcpu, KVM_RUN, 0) = 0',
      'ioctl(vcpu, KVM_RUN, 0) = 0',
    ]);
  });
});

describe('what a vCPU access reports', () => {
  const load = twice.slice(0, 3);
  const { ops } = lowered(load).wire;
  const [run = 0] = runs(ops, 'x86_64');

  /** The fields of a load whose kvm_run begins with these values. */
  function fields(
    reason: bigint,
    at32: bigint,
    at40 = 0n,
    at48 = 0n,
    ret = 0n,
  ): Readonly<Record<string, bigint>> {
    const data = new Uint8Array(96);
    const view = new DataView(data.buffer);
    view.setUint32(8, Number(reason), true);
    [at32, at40, at48].forEach((v, i) => view.setBigUint64(32 + 8 * i, v, true));
    const results = { [run]: ret < 0n ? { ret, errno: 14 } : { ret }, [run + 1]: { data } };
    return traced(load, results)[2]?.fields ?? {};
  }
  const MMIO = CONSTANTS['KVM_EXIT_MMIO'] ?? 0n;
  const MEMORY_FAULT = CONSTANTS['KVM_EXIT_MEMORY_FAULT'] ?? 0n;

  it('is the value that the guest gave to the doorbell', () => {
    expect(fields(MMIO, DOORBELL_GPA, 0x1122n, 8n)).toEqual({ value: 0x1122n });
  });
  it('is where else the guest went without memory', () => {
    expect(fields(MMIO, 0x1000n, 0n, (1n << 32n) | 8n)).toEqual({
      exit: MMIO,
      gpa: 0x1000n,
      len: 8n,
      is_write: 1n,
    });
  });
  it('is the memory fault with flags, address and size, also when KVM_RUN fails', () => {
    const expected = { exit: MEMORY_FAULT, flags: 8n, gpa: 0x1000n, size: 4096n };
    expect(fields(MEMORY_FAULT, 8n, 0x1000n, 4096n)).toEqual(expected);
    expect(fields(MEMORY_FAULT, 8n, 0x1000n, 4096n, -1n)).toEqual(expected);
  });
  it('is not a value that an earlier exit left behind when KVM_RUN fails', () => {
    expect(fields(MMIO, DOORBELL_GPA, 0x1122n, 8n, -1n)).toEqual({ exit: MMIO });
  });
  it('is the reason alone for any other exit', () => expect(fields(8n, 5n)).toEqual({ exit: 8n }));
  it('is nothing when kvm_run could not be read', () => {
    expect(traced(load, {})[2]?.fields).toEqual({});
  });
});

describe('a hypercall', () => {
  const asked = [...made, step('vcpu_hypercall', { gpa: 0x4000n, pages: 2n, to: 'private' })];
  const answered = [...asked, step('vcpu_return', { value: 11n })];

  /** The fields of the last of some steps, when kvm_run holds these words from byte 32 on. */
  function fields(steps: typeof made, reason: bigint, words: readonly bigint[]): unknown {
    const run = runs(lowered(steps).wire.ops, 'x86_64').at(-1) ?? 0;
    const data = new Uint8Array(96);
    const view = new DataView(data.buffer);
    view.setUint32(8, Number(reason), true);
    words.forEach((w, i) => view.setBigUint64(32 + 8 * i, w, true));
    return traced(steps, { [run + 1]: { data } }).at(-1)?.fields;
  }

  it('has its number and arguments in the registers that Linux guests use', () => {
    expect(calls(asked).slice(3)).toEqual([
      'ioctl(vcpu, KVM_SET_REGS, {rip=hypercall, rbx=0x4000, rcx=2, rdx=16}) = 0',
      'ioctl(vcpu, KVM_RUN, 0) = 0',
    ]);
  });

  it('reports its exit, or what the guest saw when there was none', () => {
    const exit = { exit: 3n, nr: 12n, arg0: 0x4000n, arg1: 2n, arg2: 16n };
    expect(fields(asked, 3n, [12n, 0x4000n, 2n, 16n])).toEqual(exit);
    expect(fields(asked, 6n, [DOORBELL_GPA, -1000n])).toEqual({ value: (1n << 64n) - 1000n });
  });

  it('is completed by the next run, which is not aimed anew', () => {
    expect(calls(answered).slice(5)).toEqual(['store64(kvm_run+88, 11) = 0', 'ioctl(vcpu, KVM_RUN, 0) = 0']);
    expect(fields(answered, 6n, [DOORBELL_GPA, 11n])).toEqual({ value: 11n });
  });

  it('is trouble, not an answer, where the architecture has none', () => {
    expect(traced(asked, {}, 'aarch64').at(-1)).toMatchObject({ errno: '0' });
    const { ops } = lowered(asked, 'aarch64').wire;
    const failed = traced(asked, { [ops.length - 1]: { ret: -1n, errno: 9 } }, 'aarch64').at(-1);
    expect(failed?.trouble).toBe('setting up failed: KVM_HC_MAP_GPA_RANGE = -1 EBADF');
  });
});

describe('the boot memory', () => {
  it('maps 4 GiB one to one on x86_64, with accessed and dirty set so that nothing is written there', () => {
    const view = new DataView(x86Guest.bootImage().buffer);
    const word = (at: number): bigint => view.getBigUint64(at, true);
    expect(word(0)).toBe((BOOT_GPA + 0x1000n) | 0x23n);
    for (const address of [0n, BOOT_GPA, DOORBELL_GPA, 0xffe0_0000n]) {
      const directory = word(0x1000 + 8 * Number(address >> 30n));
      const table = Number((directory & ~0xfffn) - BOOT_GPA);
      expect(word(table + 8 * Number((address >> 21n) & 511n))).toBe((address & ~0x1f_ffffn) | 0xe3n);
    }
  });

  it('maps by gigabytes on aarch64, the doorbell alone as a device', () => {
    const view = new DataView(aarch64Guest.bootImage().buffer);
    const entry = (gib: number): bigint => view.getBigUint64(8 * gib, true);
    expect(entry(2)).toBe(BOOT_GPA | 0x701n);
    expect(entry(3)).toBe(DOORBELL_GPA | 0x705n);
    expect(entry(511)).toBe((511n << 30n) | 0x701n);
  });

  it.each([
    ['x86_64', x86Guest, 0x6000, 3],
    ['aarch64', aarch64Guest, 0x1000, 2],
  ] as const)(
    'has the code of %s behind the tables, routines 16 bytes apart',
    (_arch, guest, at, routines) => {
      const image = guest.bootImage();
      expect(image.length).toBe(at + 16 * routines);
      expect(image[at]).not.toBe(0);
      expect(image[at + 16]).not.toBe(0);
    },
  );
});
