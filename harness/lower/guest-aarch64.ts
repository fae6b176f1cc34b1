// SPDX-License-Identifier: GPL-2.0-only
import { BOOT_GPA, DOORBELL_GPA } from '../program/guest-layout.js';
import { layout } from '../uapi/struct.js';
import { blob, imm } from './builder.js';
import type { Arg } from './builder.js';
import type { LowerContext } from './context.js';
import { command } from './kvm.js';
import type { GuestArch } from './vcpu.js';
import { structArg } from './pointer.js';

/**
 * Boot memory: one page with a level-1 table of 1 GiB blocks (4 KiB granule, 39-bit addresses), then code.
 * The MMU is on so that guest and host see each other's stores through the caches: with it off, data accesses
 * bypass them on hardware without FWB.
 */
const TABLE = 4096;
const ROUTINE_BYTES = 16;
const GIB = 1n << 30n;

const AF_INNER_BLOCK = 0x701n; // access flag, inner shareable, block, MAIR attribute 0
const DEVICE = 1n << 2n; // MAIR attribute 1

const CODE_WORDS: Readonly<Record<'load' | 'store', readonly number[]>> = {
  // ldr x0, [x1]; str x0, [x2]; b .
  load: [0xf9400020, 0xf9000040, 0x14000000],
  // str x0, [x1]; str x0, [x2]; b .
  store: [0xf9000020, 0xf9000040, 0x14000000],
};

function bootImage(): Uint8Array {
  const bytes = new Uint8Array(TABLE + 2 * ROUTINE_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 512; i++) {
    const base = BigInt(i) * GIB;
    view.setBigUint64(8 * i, base | AF_INNER_BLOCK | (base === DOORBELL_GPA ? DEVICE : 0n), true);
  }
  CODE_WORDS.load.forEach((word, i) => view.setUint32(TABLE + 4 * i, word, true));
  CODE_WORDS.store.forEach((word, i) => view.setUint32(TABLE + ROUTINE_BYTES + 4 * i, word, true));
  return bytes;
}

/** KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE; the index counts 32-bit words of struct kvm_regs. */
const core = (byteOffset: number): bigint => 0x6030_0000_0010_0000n | BigInt(byteOffset / 4);
/** The same for system registers: op0, op1, CRn, CRm, op2. */
const sys = (op0: number, op1: number, crn: number, crm: number, op2: number): bigint =>
  0x6030_0000_0013_0000n | BigInt((op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2);

const REG = {
  x0: core(0),
  x1: core(8),
  x2: core(16),
  pc: core(256),
  sctlr: sys(3, 0, 1, 0, 0),
  ttbr0: sys(3, 0, 2, 0, 0),
  tcr: sys(3, 0, 2, 0, 2),
  mair: sys(3, 0, 10, 2, 0),
};

const MAIR = 0x00ffn; // attribute 0 normal write-back, attribute 1 device nGnRnE
/** T0SZ 25, write-back inner shareable walks, 4 KiB, no TTBR1 walks, 40-bit physical addresses. */
const TCR = 25n | (1n << 8n) | (1n << 10n) | (3n << 12n) | (1n << 23n) | (2n << 32n);
/** The bits that are one when nothing is, plus M, C and I. */
const SCTLR = 0x30d0_1805n;

const ONE_REG = layout('kvm_one_reg', 16, [
  ['id', 0, 8],
  ['addr', 8, 8],
]);

function setReg(cx: LowerContext, vcpu: Arg, id: bigint, value: bigint): void {
  const cell = cx.b.alloc(8);
  cx.b.patch(cell, 8, imm(value));
  const arg = structArg(cx.b, ONE_REG, { id }, 'good', { addr: blob(cell, `0x${value.toString(16)}`) }).arg;
  cx.b.syscall('ioctl', [vcpu, command('KVM_SET_ONE_REG'), arg], { quiet: true });
}

function setUp(cx: LowerContext, vm: Arg, vcpu: Arg): void {
  const init = blob(cx.b.alloc(32), 'init');
  cx.b.syscall('ioctl', [vm, command('KVM_ARM_PREFERRED_TARGET'), init], { quiet: true });
  cx.b.syscall('ioctl', [vcpu, command('KVM_ARM_VCPU_INIT'), init], { quiet: true });
  setReg(cx, vcpu, REG.mair, MAIR);
  setReg(cx, vcpu, REG.tcr, TCR);
  setReg(cx, vcpu, REG.ttbr0, BOOT_GPA);
  setReg(cx, vcpu, REG.sctlr, SCTLR);
}

function aim(...[cx, vcpu, { routine, gpa, value }]: Parameters<GuestArch['aim']>): void {
  setReg(cx, vcpu, REG.x0, value);
  setReg(cx, vcpu, REG.x1, gpa);
  setReg(cx, vcpu, REG.x2, DOORBELL_GPA);
  setReg(cx, vcpu, REG.pc, BOOT_GPA + BigInt(TABLE + (routine === 'load' ? 0 : ROUTINE_BYTES)));
}

/** EL1 with the MMU on and an identity map. */
export const aarch64Guest: GuestArch = { bootImage, setUp, aim, hypercall: false };
