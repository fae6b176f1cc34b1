// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../program/step.js';
import { BOOT_GPA, DOORBELL_GPA } from '../program/guest-layout.js';
import { CONSTANTS } from '../uapi/constants.js';
import { decodeStruct, member } from '../uapi/struct.js';
import { kvmRun, kvmUserspaceMemoryRegion } from '../uapi/structs.js';
import { imm, plus, ret } from './builder.js';
import type { Arg } from './builder.js';
import type { FdObject, Lifted, Lower, LowerContext, Results } from './context.js';
import { aarch64Guest } from './guest-aarch64.js';
import { x86Guest } from './guest-x86_64.js';
import { command } from './kvm.js';
import { structArg } from './pointer.js';

/** What the guest is to do: a routine of its boot page, and what it does it with. */
export interface Access {
  routine: 'load' | 'store' | 'hypercall';
  gpa: bigint;
  /** What a store stores. */
  value: bigint;
  /** Pages and attributes of a hypercall. */
  pages: bigint;
  attributes: bigint;
}

/**
 * How an architecture's vCPU is made to execute one access. The guest has routines in its boot page,
 * each an access followed by a store of the value to the doorbell, an address without memory: the MMIO exit
 * that follows says that the access is done and carries the value.
 */
export interface GuestArch {
  /** Contents of the boot memory, bytes: page tables and code. */
  bootImage(): Uint8Array;
  /** Put the vCPU into a state in which the routines run: long mode or MMU on. */
  setUp(cx: LowerContext, vm: Arg, vcpu: Arg): void;
  /** Point the vCPU at a routine. */
  aim(cx: LowerContext, vcpu: Arg, access: Access): void;
  /** The architecture has KVM_HC_MAP_GPA_RANGE. */
  hypercall: boolean;
}

const GUESTS: Readonly<Record<'x86_64' | 'aarch64', GuestArch>> = { x86_64: x86Guest, aarch64: aarch64Guest };

/** Memslot of the boot memory: out of the way of the slots that cases use. */
const BOOT_SLOT = 31n;
/** A vCPU that never exits is interrupted after this many milliseconds. */
const RUN_LIMIT_MS = 5000;
const RUN_MAP_BYTES = 12288n;
/** Up to the last field that any exit reports, hypercall.ret. */
const RUN_HEAD = 96;

export const createVcpu: Lower<StepOf<'create_vcpu'>> = (cx, s) => {
  const { b } = cx;
  const guest = GUESTS[b.arch];
  const vm = cx.fd(s.vm);
  if (!vm.booted) addBootMemory(cx, vm.fd, guest.bootImage());
  vm.booted = true;
  const main = b.syscall('ioctl', [vm.fd, command('KVM_CREATE_VCPU'), imm(s.id)], {
    fd: true,
    result: s.as,
  });
  const vcpu = cx.newFd(s.as, main);
  const args = [imm(0n, 'NULL'), imm(RUN_MAP_BYTES), imm(3, 'PROT_READ|PROT_WRITE'), imm(1, 'MAP_SHARED')];
  const run = b.syscall('mmap', [...args, vcpu.fd, imm(0)], { mapping: true, quiet: true });
  vcpu.run = ret(run, 'kvm_run');
  guest.setUp(cx, vm.fd, vcpu.fd);
  return { main };
};

/** Page tables and code, in a memslot of their own. */
function addBootMemory({ b }: LowerContext, vm: Arg, image: Uint8Array): void {
  const length = BigInt(Math.ceil(image.length / b.pageSize) * b.pageSize);
  const anonymous = [
    imm(0n, 'NULL'),
    imm(length),
    imm(3, 'PROT_READ|PROT_WRITE'),
    imm(0x22, 'MAP_PRIVATE|MAP_ANONYMOUS'),
  ];
  const boot = ret(
    b.syscall('mmap', [...anonymous, imm(-1n, '-1'), imm(0)], { mapping: true, quiet: true }),
    'boot',
  );
  b.poke(boot, b.data(image), image.length);
  const region = { slot: BOOT_SLOT, guest_phys_addr: BOOT_GPA, memory_size: length };
  const slot = structArg(b, kvmUserspaceMemoryRegion, region, 'good', { userspace_addr: boot });
  b.syscall('ioctl', [vm, command('KVM_SET_USER_MEMORY_REGION'), slot.arg], { quiet: true });
}

const NOTHING = { value: 0n, pages: 0n, attributes: 0n };
/** KVM_MAP_GPA_RANGE_ENCRYPTED (arch/x86/include/uapi/asm/kvm_para.h); pages of 4 KiB are 0. */
const ENCRYPTED = 1n << 4n;

export const vcpuLoad: Lower<StepOf<'vcpu_load'>> = (cx, s) =>
  access(cx, s.vcpu, { ...NOTHING, routine: 'load', gpa: s.gpa });

export const vcpuStore: Lower<StepOf<'vcpu_store'>> = (cx, s) =>
  access(cx, s.vcpu, { ...NOTHING, routine: 'store', gpa: s.gpa, value: s.value });

export const vcpuHypercall: Lower<StepOf<'vcpu_hypercall'>> = (cx, s) => {
  if (!GUESTS[cx.b.arch].hypercall) return { main: cx.b.impossible('KVM_HC_MAP_GPA_RANGE') };
  const attributes = s.to === 'private' ? ENCRYPTED : 0n;
  return access(cx, s.vcpu, { ...NOTHING, routine: 'hypercall', gpa: s.gpa, pages: s.pages, attributes });
};

export const vcpuReturn: Lower<StepOf<'vcpu_return'>> = (cx, s) => {
  if (!GUESTS[cx.b.arch].hypercall) return { main: cx.b.impossible('KVM_HC_MAP_GPA_RANGE') };
  const vcpu = cx.fd(s.vcpu);
  cx.b.store(plus(runOf(vcpu, s.vcpu), BigInt(member(kvmRun, 'hypercall.ret').offset)), 8, imm(s.value));
  return run(cx, vcpu, s.vcpu, 'hypercall');
};

function runOf({ run: area }: FdObject, name: string): Arg {
  if (!area) throw new Error(`'${name}' is not a vCPU: the program was not checked`);
  return area;
}

function access(cx: LowerContext, name: string, what: Access): Lifted {
  const vcpu = cx.fd(name);
  if (vcpu.ran) complete(cx, vcpu, runOf(vcpu, name));
  vcpu.ran = true;
  GUESTS[cx.b.arch].aim(cx, vcpu.fd, what);
  return run(cx, vcpu, name, what.routine);
}

function run(cx: LowerContext, vcpu: FdObject, name: string, routine: Access['routine']): Lifted {
  const main = cx.b.syscall('ioctl', [vcpu.fd, command('KVM_RUN'), imm(0)], { timeoutMs: RUN_LIMIT_MS });
  const head = cx.b.peek(runOf(vcpu, name), RUN_HEAD);
  return { main, fields: (r) => exit(r, main, head, routine) };
}

/**
 * An exit for MMIO leaves an access half done, which the next KVM_RUN would finish with registers that are no
 * longer its own. A run with immediate_exit finishes it and executes nothing
 * (Documentation/virt/kvm/api.rst, "KVM_RUN", completion of pending operations).
 */
function complete(cx: LowerContext, vcpu: FdObject, area: Arg): void {
  const flag = plus(area, BigInt(member(kvmRun, 'immediate_exit').offset));
  cx.b.store(flag, 1, imm(1), true);
  cx.b.syscall('ioctl', [vcpu.fd, command('KVM_RUN'), imm(0)], {
    evenIfBroken: true,
    quiet: true,
    timeoutMs: RUN_LIMIT_MS,
  });
  cx.b.store(flag, 1, imm(0), true);
}

/** What kvm_run says after the access: the doorbell (value), or the exit that came instead. */
function exit(r: Results, main: number, peek: number, routine: Access['routine']): Record<string, bigint> {
  const { data } = r.op(peek);
  if (data.length < RUN_HEAD) return {};
  const head = decodeStruct({ ...kvmRun, size: RUN_HEAD }, data);
  const field = (name: string, index = 0): bigint => {
    const v = head[name];
    return (typeof v === 'bigint' ? v : v?.[index]) ?? 0n;
  };
  const reason = field('exit_reason');
  const succeeded = r.op(main).ret >= 0n;
  if (reason === CONSTANTS['KVM_EXIT_MMIO'] && succeeded) {
    const at = field('mmio.phys_addr');
    if (at === DOORBELL_GPA) return routine === 'store' ? {} : { value: field('mmio.data') };
    return { exit: reason, gpa: at, len: field('mmio.len'), is_write: field('mmio.is_write') };
  }
  if (reason === CONSTANTS['KVM_EXIT_HYPERCALL'] && succeeded) {
    const [arg0, arg1, arg2] = [0, 1, 2].map((i) => field('hypercall.args', i));
    return { exit: reason, nr: field('hypercall.nr'), arg0: arg0 ?? 0n, arg1: arg1 ?? 0n, arg2: arg2 ?? 0n };
  }
  if (reason === CONSTANTS['KVM_EXIT_MEMORY_FAULT']) {
    return {
      exit: reason,
      flags: field('memory_fault.flags'),
      gpa: field('memory_fault.gpa'),
      size: field('memory_fault.size'),
    };
  }
  return { exit: reason };
}
