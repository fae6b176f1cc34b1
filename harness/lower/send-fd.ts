// SPDX-License-Identifier: GPL-2.0-only
import type { StepOf } from '../program/step.js';
import { blob, imm, mem32, ret } from './builder.js';
import type { Builder } from './builder.js';
import type { Lower } from './context.js';

/** struct msghdr and struct cmsghdr of 64-bit machines (include/linux/socket.h). */
const MSG = { iov: 16, iovLen: 24, control: 32, controlLen: 40, bytes: 56 } as const;
const CMSG = { len: 0, level: 8, type: 12, data: 16, used: 20, bytes: 24 } as const;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const AF_UNIX = imm(1, 'AF_UNIX');
const SOCK_DGRAM = imm(2, 'SOCK_DGRAM');
const MSG_DONTWAIT = imm(0x40, 'MSG_DONTWAIT');

/** SCM_RIGHTS through a socket pair; the pair is closed again. */
export const sendFd: Lower<StepOf<'send_fd'>> = (cx, s) => {
  const { b } = cx;
  const object = cx.fd(s.of);
  const pair = b.alloc(8);
  b.syscall('socketpair', [AF_UNIX, SOCK_DGRAM, imm(0), blob(pair, 'pair')], { quiet: true });
  const sent = message(b);
  b.patch(sent.control + CMSG.len, 8, imm(CMSG.used));
  b.patch(sent.control + CMSG.level, 4, imm(SOL_SOCKET));
  b.patch(sent.control + CMSG.type, 4, imm(SCM_RIGHTS));
  b.patch(sent.control + CMSG.data, 4, object.fd);
  const text = blob(sent.header, `{SCM_RIGHTS, ${object.fd.text}}`);
  const main = b.syscall('sendmsg', [mem32(pair, 'pair'), text, imm(0)]);
  const got = message(b);
  // One argument too many is for the executor alone: nothing is received when nothing was sent.
  const from = [mem32(pair + 4, 'pair'), blob(got.header, 'message'), MSG_DONTWAIT];
  const received = ret(b.syscall('recvmsg', [...from, ret(main, 'sent')], { quiet: true }), 'received');
  const number = mem32(got.control + CMSG.data, s.as);
  // The descriptor appears as the result of dup so that the executor knows to close it.
  const kept = b.syscall('dup', [number, received], { fd: true, quiet: true });
  b.syscall('close', [number, received], { quiet: true });
  for (const end of [pair, pair + 4]) b.syscall('close', [mem32(end, 'pair')], { quiet: true });
  cx.objects.set(s.as, { ...object, fd: ret(kept, s.as) });
  return { main };
};

/** A message of one byte, with room for one descriptor. */
function message(b: Builder): { header: number; control: number } {
  const header = b.alloc(MSG.bytes);
  const control = b.alloc(CMSG.bytes);
  const iov = b.alloc(16);
  b.patch(iov, 8, blob(b.alloc(1), 'byte'));
  b.patch(iov + 8, 8, imm(1));
  b.patch(header + MSG.iov, 8, blob(iov, 'iov'));
  b.patch(header + MSG.iovLen, 8, imm(1));
  b.patch(header + MSG.control, 8, blob(control, 'control'));
  b.patch(header + MSG.controlLen, 8, imm(CMSG.bytes));
  return { header, control };
}
