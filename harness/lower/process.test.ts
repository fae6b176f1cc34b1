// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import { findProfile } from '../uapi/profiles/index.js';
import { lower } from './lower.js';
import { calls, lastOp, lowered, replyTo, traced } from './lower.test-helper.js';

const made = [step('create_vm', {}), step('create_gmem', { size: 8192n, flags: 3n })];
const mapped = [...made, step('mmap', { of: 'gmem', length: 8192n })];

/** The call of a `convert` under a profile. */
function converted(profileId: string, to: 'private' | 'shared'): string {
  const profile = findProfile(profileId);
  if (!profile) throw new Error(`no profile ${profileId}`);
  const steps = [...made, step('convert', { offset: 4096n, size: 4096n, to })];
  const l = lower(program('p', ...steps), { arch: 'x86_64', profile, pageSize: 4096, timeoutMs: 1000 });
  return l.lift(replyTo(l)).steps.at(-1)?.calls.join('; ') ?? '';
}

describe('convert', () => {
  it.each([
    ['d0', 'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {offset=0x1000, size=0x1000, attributes=8}) = 0'],
    ['d1', 'ioctl(gmem, KVM_GMEM_CONVERT_PRIVATE, {offset=0x1000, size=0x1000}) = 0'],
    ['d3', 'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {offset=0x1000, size=0x1000, attributes=8}) = 0'],
    [
      'd4',
      'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {offset=0x1000, size=0x1000, attributes=8, flags=2}) = 0',
    ],
    [
      'd5',
      'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {offset=0x1000, size=0x1000, attributes=8, flags=2}) = 0',
    ],
    ['d8', 'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {offset=0x1000, size=0x1000, attributes=8}) = 0'],
  ])('goes the way of %s', (id, call) => expect(converted(id, 'private')).toBe(call));

  it('goes back the same way', () => {
    expect(converted('d1', 'shared')).toContain('KVM_GMEM_CONVERT_SHARED');
    expect(converted('d8', 'shared')).not.toContain('attributes=8');
  });

  it('of dialect 1 by hand has every word and reports where it stopped', () => {
    const args = { size: 4096n, to: 'private', error_offset: 1n, reserved: [0n, 2n] } as const;
    const steps = [...made, step('convert_raw', args)];
    expect(calls(steps).at(-1)).toBe(
      'ioctl(gmem, KVM_GMEM_CONVERT_PRIVATE, {size=0x1000, error_offset=1, reserved=[0, 2]}) = 0',
    );
    const peek = lastOp(lowered(steps).wire.ops, (op) => op.code === 'peek');
    const data = new Uint8Array(64);
    data[17] = 0x30;
    expect(traced(steps, { [peek]: { data } }).at(-1)?.fields).toEqual({ error_offset: 0x3000n });
  });
});

describe('set_attributes', () => {
  it('reads every word back', () => {
    const steps = [...made, step('set_attributes', { size: 4096n, attributes: 8n })];
    const peek = lastOp(lowered(steps).wire.ops, (op) => op.code === 'peek');
    const data = Uint8Array.from({ length: 128 }, (_, i) => (i % 8 === 0 ? i / 8 : 0));
    const fields = traced(steps, { [peek]: { data } }).at(-1)?.fields;
    expect(fields).toMatchObject({ offset: 0n, size: 1n, attributes: 2n, flags: 3n, error_offset: 4n });
    expect(fields).toMatchObject({ reserved0: 5n, reserved10: 15n });
  });
});

describe('a process', () => {
  it.each<[string, PlannedStep[], string[]]>([
    ['gives up what it may', [step('become', {})], ['setresuid(0xfffe, 0xfffe, 0xfffe) = 0']],
    ['waits', [step('wait', { ms: 1500n })], ['nanosleep(1500 ms, NULL) = 0']],
    [
      'sends a descriptor to itself',
      [step('send_fd', { of: 'gmem' }), step('fd_op', { op: 'fsync', on: 'received' })],
      ['sendmsg(pair, {SCM_RIGHTS, gmem}, 0) = 0', 'fsync(received) = 0'],
    ],
    [
      'looks at its page tables',
      [step('pagemap', { offset: 4097n })],
      ['ioctl(pagemap, PAGEMAP_SCAN, {start=m+0x1000, size=0x1000, PAGE_IS_PRESENT}) = 0'],
    ],
    [
      'reads a parameter',
      [step('module_param', { name: 'tdp_mmu' })],
      ['openat(AT_FDCWD, "/sys/module/kvm/parameters/tdp_mmu", O_RDONLY|O_CLOEXEC) = parameter'],
    ],
    [
      'enables a capability',
      [step('enable_cap', { cap: 201n, args: [1n << 12n] })],
      ['ioctl(vm, KVM_ENABLE_CAP, {cap=201, args=[0x1000]}) = 0'],
    ],
  ])('%s', (_what, steps, expected) => {
    expect(calls([...mapped, ...steps]).slice(calls(mapped).length)).toEqual(expected);
  });

  it('receives nothing when nothing was sent', () => {
    const steps = [...made, step('send_fd', { of: 'gmem' }), step('close', { on: 'received' })];
    const { ops } = lowered(steps).wire;
    const sendmsg = lastOp(ops, (op) => op.code === 'syscall' && op.nr === 46);
    const recvmsg = ops[lastOp(ops, (op) => op.code === 'syscall' && op.nr === 47)];
    expect(recvmsg?.code === 'syscall' && recvmsg.args[3]).toMatchObject({ kind: 'ret', ref: sendmsg });
  });
});

describe('module_param', () => {
  it.each([
    ['Y\n', { value: 1n }],
    ['N\n', { value: 0n }],
    ['42\n', { value: 42n }],
    ['-1\n', { value: (1n << 64n) - 1n }],
    ['never\n', {}],
    ['', {}],
  ])('reads %j as %o', (text, fields) => {
    const steps = [step('module_param', { name: 'x' })];
    const peek = lastOp(lowered(steps).wire.ops, (op) => op.code === 'peek');
    const data = new Uint8Array(32);
    data.set(new TextEncoder().encode(text));
    expect(traced(steps, { [peek]: { data } })[0]?.fields).toEqual(fields);
  });
});

describe('pagemap', () => {
  it.each([
    [1n, 1n],
    [0n, 0n],
  ])('reports a scan that found %s regions', (ret, present) => {
    const steps = [...mapped, step('pagemap', {})];
    const scan = lastOp(
      lowered(steps).wire.ops,
      (op) => op.code === 'syscall' && op.args[1]?.add === 0xc0606610n,
    );
    expect(traced(steps, { [scan]: { ret } }).at(-1)?.fields).toEqual({ present });
  });
});
