// SPDX-License-Identifier: GPL-2.0-only
import { BOOT_GPA, DOORBELL_GPA } from '../program/guest-layout.js';
import { layout } from '../uapi/struct.js';
import { blob, imm, show } from './builder.js';
import { command } from './kvm.js';
import { structArg } from './pointer.js';
import type { Access, GuestArch } from './vcpu.js';

/** Boot memory: PML4, PDPT, four page directories with 2 MiB pages (identity map of 4 GiB), then code. */
const PAGE = 4096;
const CODE = 6 * PAGE;
const ROUTINE_BYTES = 16;
const ROUTINES = ['load', 'store', 'hypercall'] as const;
/** include/uapi/linux/kvm_para.h; a hypercall has its number in rax, its arguments in rbx, rcx, rdx, rsi. */
const KVM_HC_MAP_GPA_RANGE = 12n;

/* Present, writable, accessed, dirty; the hardware then never writes to the tables. */
const TABLE = 0x23n;
const LARGE = 0xe3n;

const CODE_BYTES: Readonly<Record<Access['routine'], readonly number[]>> = {
  // mov (%rdi),%rax; mov %rax,(%rsi); hlt
  load: [0x48, 0x8b, 0x07, 0x48, 0x89, 0x06, 0xf4],
  // mov %rax,(%rdi); mov %rax,(%rsi); hlt
  store: [0x48, 0x89, 0x07, 0x48, 0x89, 0x06, 0xf4],
  // vmmcall; mov %rax,(%rsi); hlt. AMD's instruction: on Intel KVM puts vmcall in its place, as it does the other
  // way round (arch/x86/kvm/x86.c emulator_fix_hypercall); emulated machines are AMD.
  hypercall: [0x0f, 0x01, 0xd9, 0x48, 0x89, 0x06, 0xf4],
};

function bootImage(): Uint8Array {
  const bytes = new Uint8Array(CODE + ROUTINES.length * ROUTINE_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint): void => view.setBigUint64(at, value, true);
  put(0, (BOOT_GPA + BigInt(PAGE)) | TABLE);
  for (let gib = 0; gib < 4; gib++) {
    put(PAGE + 8 * gib, (BOOT_GPA + BigInt((2 + gib) * PAGE)) | TABLE);
    for (let i = 0; i < 512; i++) put((2 + gib) * PAGE + 8 * i, (BigInt(gib * 512 + i) << 21n) | LARGE);
  }
  ROUTINES.forEach((name, i) => bytes.set(CODE_BYTES[name], CODE + i * ROUTINE_BYTES));
  return bytes;
}

/** Offsets in struct kvm_sregs (arch/x86/include/uapi/asm/kvm.h): segments of 24 bytes, then control registers. */
const SREGS = { size: 312, cs: 0, ds: 24, es: 48, ss: 120, cr0: 224, cr3: 240, cr4: 248, efer: 264 };

/** Flat segments as the words of struct kvm_segment after base: limit, selector, type, present; then attributes. */
const SEGMENTS = {
  // selector 8, type 11 (code, accessed); s, l, g
  code: [0x010b_0008_ffff_ffffn, 0x01_0101_0000n],
  // selector 16, type 3 (data, accessed); db, s, g
  data: [0x0103_0010_ffff_ffffn, 0x01_0001_0100n],
} as const;

const CR0 = 0x8000_0033n; // PG, NE, ET, MP, PE
const CR4 = 0x20n; // PAE
const EFER = 0x500n; // LMA, LME

/**
 * The least CPUID that long mode needs: from 7.3 on KVM_SET_SREGS refuses EFER.LME without it
 * (arch/x86/kvm/regs.c kvm_is_valid_sregs). As [function, eax, ebx, ecx, edx].
 */
const CPUID: readonly (readonly number[])[] = [
  [0x0, 1, 0, 0, 0],
  [0x1, 0, 0, 0, 0x0000_0068], // pse, msr, pae
  [0x8000_0000, 0x8000_0008, 0, 0, 0],
  [0x8000_0001, 0, 0, 0, 0x2000_0000], // lm
  [0x8000_0008, 0x0000_3024, 0, 0, 0], // 48-bit linear, 36-bit physical addresses
];

/** struct kvm_cpuid2: a count, then entries of 40 bytes. */
function cpuid2(): Uint8Array {
  const bytes = new Uint8Array(8 + 40 * CPUID.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CPUID.length, true);
  CPUID.forEach(([fn = 0, ...registers], i) => {
    view.setUint32(8 + 40 * i, fn, true);
    registers.forEach((value, r) => view.setUint32(8 + 40 * i + 12 + 4 * r, value, true));
  });
  return bytes;
}

function setUp(...[{ b }, , vcpu]: Parameters<GuestArch['setUp']>): void {
  const cpuid = blob(b.data(cpuid2()), 'cpuid');
  b.syscall('ioctl', [vcpu, command('KVM_SET_CPUID2'), cpuid], { quiet: true });
  const sregs = b.alloc(SREGS.size);
  const at = blob(sregs, 'sregs');
  b.syscall('ioctl', [vcpu, command('KVM_GET_SREGS'), at], { quiet: true });
  const set = (offset: number, value: bigint): void => void b.patch(sregs + offset, 8, imm(value));
  const segment = (offset: number, kind: 'code' | 'data'): void => {
    [0n, ...SEGMENTS[kind]].forEach((word, i) => set(offset + 8 * i, word));
  };
  segment(SREGS.cs, 'code');
  for (const s of [SREGS.ds, SREGS.es, SREGS.ss]) segment(s, 'data');
  set(SREGS.cr0, CR0);
  set(SREGS.cr3, BOOT_GPA);
  set(SREGS.cr4, CR4);
  set(SREGS.efer, EFER);
  b.syscall('ioctl', [vcpu, command('KVM_SET_SREGS'), at], { quiet: true });
}

const REGS = layout('kvm_regs', 144, [
  ['rax', 0, 8],
  ['rbx', 8, 8],
  ['rcx', 16, 8],
  ['rdx', 24, 8],
  ['rsi', 32, 8],
  ['rdi', 40, 8],
  ['rip', 128, 8],
  ['rflags', 136, 8],
]);

function aim(...[cx, vcpu, { routine, gpa, value, pages, attributes }]: Parameters<GuestArch['aim']>): void {
  const rip = BOOT_GPA + BigInt(CODE + ROUTINES.indexOf(routine) * ROUTINE_BYTES);
  const common = { rsi: DOORBELL_GPA, rip, rflags: 2n };
  const hypercall = routine === 'hypercall';
  const regs = hypercall
    ? { rax: KVM_HC_MAP_GPA_RANGE, rbx: gpa, rcx: pages, rdx: attributes, ...common }
    : { rax: value, rdi: gpa, ...common };
  const arg = structArg(cx.b, REGS, regs, 'good').arg;
  const at = `0x${gpa.toString(16)}`;
  const shown = hypercall ? `rbx=${at}, rcx=${show(pages)}, rdx=${show(attributes)}` : `rdi=${at}`;
  cx.b.syscall('ioctl', [vcpu, command('KVM_SET_REGS'), { ...arg, text: `{rip=${routine}, ${shown}}` }]);
}

/** Long mode with an identity map of the first 4 GiB. */
export const x86Guest: GuestArch = { bootImage, setUp, aim, hypercall: true };
