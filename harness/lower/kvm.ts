// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../program/step.js';
import { CONSTANTS } from '../uapi/constants.js';
import { decodeStruct } from '../uapi/struct.js';
import type { StructLayout } from '../uapi/struct.js';
import * as structs from '../uapi/structs.js';
import { imm, plus, show } from './builder.js';
import type { Arg } from './builder.js';
import type { Lower, LowerContext, Results } from './context.js';
import { structArg } from './pointer.js';
import type { StructArg } from './pointer.js';

/** An ioctl command as an argument, by its name. */
export function command(name: string): Arg {
  const value = CONSTANTS[name];
  if (value === undefined) throw new RangeError(`no constant '${name}'`);
  return imm(value, name);
}

/** VM types by name; aarch64 has no type argument of this kind (its bits are the IPA size). */
const X86_TYPES = {
  default: 0n,
  sw_protected: 1n,
  sev: 2n,
  sev_es: 3n,
  snp: 4n,
  tdx: 5n,
  private_capable: 1n,
} as const;

export const checkExtension: Lower<StepOf<'check_extension'>> = (cx, s) => {
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, command('KVM_CHECK_EXTENSION'), imm(s.cap)]);
  return { main, fields: (r) => ({ value: r.op(main).ret }) };
};

export const createVm: Lower<StepOf<'create_vm'>> = (cx, s) => {
  const type = s.raw ?? (cx.b.arch === 'x86_64' ? X86_TYPES[s.type] : 0n);
  const main = cx.b.syscall(
    'ioctl',
    [cx.fd('kvm').fd, command('KVM_CREATE_VM'), imm(type, s.raw === undefined ? s.type : undefined)],
    {
      fd: true,
      result: s.as,
    },
  );
  cx.newFd(s.as, main);
  return { main };
};

export const createGmem: Lower<StepOf<'create_gmem'>> = (cx, s) => {
  const arg = structArg(
    cx.b,
    structs.kvmCreateGuestMemfd,
    { size: s.size, flags: s.flags, reserved: s.reserved },
    s.arg,
  );
  const main = cx.b.syscall('ioctl', [cx.fd(s.vm).fd, command('KVM_CREATE_GUEST_MEMFD'), arg.arg], {
    fd: true,
    result: s.as,
  });
  cx.newFd(s.as, main);
  return { main };
};

export const bind: Lower<StepOf<'bind'>> = (cx, s) => {
  const hasGmem = s.gmem !== undefined || s.fd !== undefined;
  const flags = s.flags ?? (hasGmem ? (CONSTANTS['KVM_MEM_GUEST_MEMFD'] ?? 0n) : 0n);
  const common = {
    slot: s.slot,
    flags,
    guest_phys_addr: s.gpa,
    memory_size: s.size,
    userspace_addr: s.userspace_addr,
  };
  const patches = {
    ...(s.map === undefined ? {} : { userspace_addr: plus(cx.map(s.map).base, s.map_offset) }),
    ...(s.gmem === undefined || s.version === 1n ? {} : { guest_memfd: cx.fd(s.gmem).fd }),
  };
  const v2 = s.version !== 1n;
  const more = { guest_memfd_offset: s.offset, guest_memfd: s.fd ?? 0n, pad1: s.pad1, pad2: s.pad2 };
  const layout = v2 ? structs.kvmUserspaceMemoryRegion2 : structs.kvmUserspaceMemoryRegion;
  const arg = structArg(cx.b, layout, v2 ? { ...common, ...more } : common, s.arg, patches);
  const cmd = command(v2 ? 'KVM_SET_USER_MEMORY_REGION2' : 'KVM_SET_USER_MEMORY_REGION');
  return { main: cx.b.syscall('ioctl', [cx.fd(s.vm).fd, cmd, arg.arg]) };
};

export const unbind: Lower<StepOf<'unbind'>> = (cx, s) => {
  const arg = structArg(cx.b, structs.kvmUserspaceMemoryRegion2, { slot: s.slot }, 'good');
  return { main: cx.b.syscall('ioctl', [cx.fd(s.vm).fd, command('KVM_SET_USER_MEMORY_REGION2'), arg.arg]) };
};

export const setAttributes: Lower<StepOf<'set_attributes'>> = (cx, s) => {
  const { offset, size, attributes, flags, error_offset, reserved } = s;
  const layout = structs.kvmMemoryAttributes2;
  const arg = structArg(cx.b, layout, { offset, size, attributes, flags, error_offset, reserved }, s.arg);
  const cmd = s.cmd === undefined ? command('KVM_SET_MEMORY_ATTRIBUTES2') : anyCommand(s.cmd);
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, cmd, arg.arg]);
  const names = ['error_offset', 'offset', 'size', 'attributes', 'flags', 'reserved'];
  return { main, fields: readBack(cx, layout, arg, names) };
};

export const setVmAttributes: Lower<StepOf<'set_vm_attributes'>> = (cx, s) => {
  const value = { address: s.gpa, size: s.size, attributes: s.attributes, flags: s.flags };
  const arg = structArg(cx.b, structs.kvmMemoryAttributes, value, s.arg);
  return { main: cx.b.syscall('ioctl', [cx.fd(s.vm).fd, command('KVM_SET_MEMORY_ATTRIBUTES'), arg.arg]) };
};

export const enableCap: Lower<StepOf<'enable_cap'>> = (cx, s) => {
  const value = { cap: s.cap, flags: s.flags, args: s.args };
  const arg = structArg(cx.b, structs.kvmEnableCap, value, s.arg);
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, command('KVM_ENABLE_CAP'), arg.arg]);
  return { main, fields: (r) => ({ value: r.op(main).ret }) };
};

export const preFault: Lower<StepOf<'pre_fault'>> = (cx, s) => {
  const layout = structs.kvmPreFaultMemory;
  const arg = structArg(
    cx.b,
    layout,
    { gpa: s.gpa, size: s.size, flags: s.flags, padding: s.padding },
    s.arg,
  );
  const main = cx.b.syscall('ioctl', [cx.fd(s.vcpu).fd, command('KVM_PRE_FAULT_MEMORY'), arg.arg], {
    timeoutMs: 2000,
  });
  return { main, fields: readBack(cx, layout, arg, ['gpa', 'size']) };
};

/** ioctl of arch/x86/entry/syscalls/syscall_32.tbl. */
const COMPAT_IOCTL = 54;

export const compatIoctl: Lower<StepOf<'compat_ioctl'>> = (cx, s) => {
  if (cx.b.arch !== 'x86_64') return { main: cx.b.impossible('a 32-bit ioctl') };
  const args = [cx.fd(s.on).fd, anyCommand(s.cmd), imm(0n, 'NULL')];
  return { main: cx.b.compatCall(COMPAT_IOCTL, 'compat ioctl', args) };
};

/** A command given as a number, shown by its name when it has one. */
export function anyCommand(cmd: bigint): Arg {
  const named = Object.entries(CONSTANTS).find(
    ([k, v]) => k.startsWith('KVM_') && v === cmd && cmd >= 0xae00n,
  );
  return imm(cmd, named?.[0] ?? show(cmd));
}

/** A buffer large enough for any structure of the interface, zeroed: what matters is whether it is read. */
const ANY_STRUCT: StructLayout = { name: 'buffer', size: 512, members: [] };

export const ioctl: Lower<StepOf<'ioctl'>> = (cx, s) => {
  const arg = s.value === undefined ? structArg(cx.b, ANY_STRUCT, {}, s.arg).arg : imm(s.value);
  const main = cx.b.syscall('ioctl', [cx.fd(s.on).fd, anyCommand(s.cmd), arg]);
  return { main, fields: (r) => ({ value: r.op(main).ret }) };
};

/**
 * Read members of an argument after the call; the words of an array are reported with their index as suffix.
 * An unreadable argument reports nothing.
 */
export function readBack(
  cx: LowerContext,
  layout: StructLayout,
  arg: StructArg,
  names: readonly string[],
): ((r: Results) => Record<string, bigint>) | undefined {
  if (!arg.readable) return undefined;
  const peek = cx.b.peek(arg.readable, layout.size);
  return (r) => {
    const { data } = r.op(peek);
    if (data.length < layout.size) return {};
    const value = decodeStruct(layout, data);
    return Object.fromEntries(names.flatMap((n) => words(n, value[n])));
  };
}

function words(name: string, value: bigint | readonly bigint[] | undefined): [string, bigint][] {
  if (value === undefined) return [];
  return typeof value === 'bigint' ? [[name, value]] : value.map((v, i) => [`${name}${i}`, v]);
}
