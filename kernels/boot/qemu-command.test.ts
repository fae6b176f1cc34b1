// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { TargetError } from '../../harness/target/executor.js';
import { GUEST_ARCHES, loadMachine } from '../build/machine.js';
import { qemuArguments, qemuBinary } from './qemu-command.js';
import type { GuestSpec } from './qemu-command.js';
import { snapshotDirectory } from './snapshot.js';

function spec(arch: (typeof GUEST_ARCHES)[number], change: Partial<GuestSpec> = {}): GuestSpec {
  const machine = loadMachine(arch);
  return {
    machine,
    accelerator: 'tcg',
    kernel: '/k/image',
    initramfs: '/k/initramfs',
    cpus: 1,
    memoryMb: 256,
    cmdline: [],
    sandbox: true,
    devices: machine.qemu.devices,
    ...change,
  };
}

function valueOf(args: string[], option: string): string | undefined {
  return args[args.indexOf(option) + 1];
}

describe('qemuArguments', () => {
  it.each(GUEST_ARCHES)('gives a guest of %s nothing but what it needs', (arch) => {
    const args = qemuArguments(spec(arch), '/run/console.log', false);
    for (const flag of ['-nodefaults', '-no-user-config', '-no-reboot']) expect(args).toContain(flag);
    expect(valueOf(args, '-sandbox')).toMatch(/^on,.*spawn=deny/);
    expect(valueOf(args, '-accel')).toBe('tcg');
    expect(args.join(' ')).not.toMatch(/-net|-nic|-virtfs|-enable-kvm|,server/);
    expect(args).not.toContain('-incoming');
  });
  it('makes KVM available in the guest', () => {
    expect(valueOf(qemuArguments(spec('aarch64'), '/c', false), '-machine')).toContain('virtualization=on');
    expect(valueOf(qemuArguments(spec('x86_64'), '/c', false), '-cpu')).toBe('max');
  });
  it('adds the devices of the machine', () => {
    const args = qemuArguments(spec('x86_64', { devices: ['edu,addr=0x10'] }), '/c', false);
    expect(valueOf(args, '-device')).toBe('edu,addr=0x10');
  });
  it('appends words to the machine command line', () => {
    const args = qemuArguments(spec('x86_64', { cmdline: ['GMEMCHECK_STOP_AFTER=3'] }), '/c', false);
    expect(valueOf(args, '-append')).toMatch(/^console=null .*panic=-1.* GMEMCHECK_STOP_AFTER=3$/);
  });
  it('leaves out a sandbox that QEMU does not have, and quotes commas', () => {
    const args = qemuArguments(spec('x86_64', { sandbox: false }), '/a,b', true);
    expect(args).not.toContain('-sandbox');
    expect(args).toContain('file,id=console,path=/a,,b');
    expect(valueOf(args, '-incoming')).toBe('fd:5');
  });
});

describe('qemuBinary', () => {
  it('leaves out all devices of a machine when QEMU lacks one', async () => {
    const machine = loadMachine('aarch64');
    // `true` knows no device, and succeeds at saying so.
    const lacking = { ...machine, qemu: { ...machine.qemu, binary: 'true', devices: ['edu,addr=0x10'] } };
    expect((await qemuBinary(lacking)).devices).toEqual([]);
  });
  it('names the package of a QEMU that is not installed', async () => {
    const machine = loadMachine('x86_64');
    const absent = { ...machine, qemu: { ...machine.qemu, binary: 'qemu-system-none' } };
    await expect(qemuBinary(absent)).rejects.toThrow(/install the package qemu-system-x86/);
    await expect(qemuBinary(absent)).rejects.toBeInstanceOf(TargetError);
  });
});

describe('snapshotDirectory', () => {
  const hashes = { kernel: 'k', initramfs: 'i', qemu: 'q' };
  it('does not depend on where the files are', () => {
    expect(snapshotDirectory(spec('x86_64', { kernel: '/elsewhere' }), hashes)).toBe(
      snapshotDirectory(spec('x86_64'), hashes),
    );
  });
  it('differs for anything that shapes the guest', () => {
    const all = [
      snapshotDirectory(spec('x86_64'), hashes),
      snapshotDirectory(spec('aarch64'), hashes),
      snapshotDirectory(spec('x86_64', { cpus: 2 }), hashes),
      snapshotDirectory(spec('x86_64', { memoryMb: 512 }), hashes),
      snapshotDirectory(spec('x86_64', { cmdline: ['x'] }), hashes),
      ...(['kernel', 'initramfs', 'qemu'] as const).map((key) =>
        snapshotDirectory(spec('x86_64'), { ...hashes, [key]: 'other' }),
      ),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
