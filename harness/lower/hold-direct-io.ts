// SPDX-License-Identifier: GPL-2.0-only
/**
 * Direct I/O in flight for exactly as long as the case wants. The block device completes polled requests only when
 * somebody polls (drivers/block/null_blk/main.c null_queue_rq, null_poll), so a write through an io_uring of type
 * IOPOLL begins with one io_uring_enter and ends with another.
 *
 * It writes, because the end of a read is not its end: guest_memfd pages never become dirty, and bio_check_pages_dirty
 * (block/bio.c) leaves the release of clean pages to a worker. A write lets go before io_uring_enter returns.
 */
import { blob, imm, ret } from './builder.js';
import type { Arg, Builder } from './builder.js';
import { openAt } from './context.js';
import type { Results } from './context.js';
import type { HoldMethod } from './hold.js';

const DEVICE = '/dev/nullb0';
const O_DIRECT = { x86_64: 0o40000n, aarch64: 0o200000n } as const;
const O_WRONLY = 1n;

const PARAMS_SIZE = 120;
/** Since Linux 6.5. */
const IORING_SETUP_IOPOLL_NO_MMAP = 0x4001;
const IORING_ENTER_GETEVENTS = 1n;
const IORING_OP_WRITE = 23;
/** Offsets of offsets in struct io_uring_params: sq_off.tail, cq_off.tail, cq_off.cqes. */
const SQ_TAIL = 44;
const CQ_TAIL = 84;
const CQES = 100;
const SQE_SIZE = 64;
const CQE_SIZE = 16;
const CQE_RES = 8;

/** Offsets of sq_off.user_addr and cq_off.user_addr. */
const SQES_AT = 72;
const RINGS_AT = 112;

const MAP_FLAGS = imm(0x100022n, 'MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE');
/**
 * Where rings are put, by us (IORING_SETUP_NO_MMAP): the kernel says at run time where in a ring the tail is, and an
 * argument can add only a number known beforehand to that.
 */
const RINGS = 0x6f0000000000n;
const RING_STRIDE = 0x100000n;

/** A new io_uring; `inRing` is the address at an offset that the kernel wrote to its parameters. */
function polledRing(b: Builder): { ring: Arg; sqes: bigint; inRing: (member: number) => Arg } {
  const base = RINGS + BigInt(b.ops.length) * RING_STRIDE;
  const page = BigInt(b.pageSize);
  const room = [imm(base), imm(2n * page), imm(3n, 'PROT_READ|PROT_WRITE'), MAP_FLAGS, imm(-1n), imm(0n)];
  const rings = b.syscall('mmap', room, { mapping: true, quiet: true });
  const sqes = base + page;
  const params = b.alloc(PARAMS_SIZE);
  b.patch(params + 8, 4, imm(IORING_SETUP_IOPOLL_NO_MMAP));
  b.patch(params + SQES_AT, 8, imm(sqes));
  b.patch(params + RINGS_AT, 8, imm(base));
  // The last argument says what the call depends on.
  const args = [imm(1), blob(params, '{flags=IORING_SETUP_IOPOLL|NO_MMAP}'), ret(rings, 'rings')];
  const ring = ret(b.syscall('io_uring_setup', args, { fd: true, quiet: true }), 'ring');
  const inRing = (member: number): Arg => ({
    arg: { kind: 'mem32', ref: params + member, add: base },
    text: 'ring',
  });
  return { ring, sqes, inRing };
}

export const oDirect: HoldMethod = ({ b }, at, length) => {
  const flags = O_WRONLY | O_DIRECT[b.arch];
  const device = ret(openAt(b, DEVICE, flags, 'O_WRONLY|O_DIRECT', 'nullb0', true), 'nullb0');
  const { ring, sqes, inRing } = polledRing(b);
  const sqe = b.alloc(SQE_SIZE);
  b.patch(sqe, 1, imm(IORING_OP_WRITE));
  b.patch(sqe + 4, 4, device);
  b.patch(sqe + 16, 8, at);
  b.patch(sqe + 24, 4, imm(length));
  b.poke(imm(sqes), sqe, SQE_SIZE);
  b.store(inRing(SQ_TAIL), 4, imm(1), true);
  const request = `1 /* WRITE of ${at.text}, ${imm(length).text} bytes to ${device.text} */`;
  const main = b.syscall('io_uring_enter', [ring, imm(1, request), imm(0), imm(0), imm(0n, 'NULL'), imm(0)]);
  const peekTail = (to: Builder): number => to.peek(inRing(CQ_TAIL), 4);
  const peekEntry = (to: Builder): number => to.peek(inRing(CQES), CQE_SIZE);
  const tail = peekTail(b);
  const entry = peekEntry(b);
  const failed = (r: Results): bigint | undefined =>
    word(r, tail, 0) === 1 && word(r, entry, CQE_RES) < 0 ? BigInt(word(r, entry, CQE_RES)) : undefined;
  return {
    taken: {
      main,
      errno: (r) => Number(-(failed(r) ?? 0n)),
      trouble: (r) => {
        if (failed(r) !== undefined) return undefined;
        if (r.op(main).ret !== 1n) return `io_uring_enter took ${r.op(main).ret.toString()} requests of 1`;
        return word(r, tail, 0) === 0 ? undefined : 'the write was not left in flight';
      },
    },
    release: ({ b: later }) => {
      const before = peekTail(later);
      const events = imm(IORING_ENTER_GETEVENTS, 'IORING_ENTER_GETEVENTS');
      const args = [ring, imm(0), imm(1), events, imm(0n, 'NULL'), ret(main, '0', -1n)];
      const end = later.syscall('io_uring_enter', args, { timeoutMs: 5000 });
      const after = peekEntry(later);
      return {
        main: end,
        trouble: (r) => {
          if (word(r, before, 0) !== 0) return 'the write had ended before this step';
          const result = word(r, after, CQE_RES);
          return BigInt(result) === length ? undefined : `the write ended with ${result}`;
        },
      };
    },
  };
};

/** A signed 32-bit word of what a peek saw; 0 when it saw nothing. */
function word(r: Results, op: number, offset: number): number {
  const { data } = r.op(op);
  if (data.length < offset + 4) return 0;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getInt32(offset, true);
}
