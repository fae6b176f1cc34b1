// SPDX-License-Identifier: GPL-2.0-only
/**
 * Direct I/O in flight for exactly as long as the case wants. The block device completes polled requests only when
 * somebody polls (drivers/block/null_blk/main.c null_queue_rq, null_poll), so a write through an io_uring of type
 * IOPOLL begins with one io_uring_enter and ends with another.
 *
 * It writes, because the end of a read is not its end: guest_memfd pages never become dirty, and bio_check_pages_dirty
 * (block/bio.c) leaves the release of clean pages to a worker. A write lets go before io_uring_enter returns.
 *
 * Polling ends everything in the queue, so that holds at the same time have a device each (null_blk.nr_devices=).
 */
import { blob, imm, plus, ret } from './builder.js';
import type { Arg, Builder } from './builder.js';
import { openAt } from './context.js';
import type { LowerContext } from './context.js';
import { peeked } from './hold.js';
import type { HoldMethod } from './hold.js';

const O_DIRECT = { x86_64: 0o40000n, aarch64: 0o200000n } as const;
const O_WRONLY = 1n;

const PARAMS_SIZE = 120;
/** Since Linux 6.5. */
const IORING_SETUP_IOPOLL_NO_MMAP = 0x4001;
const IORING_ENTER_GETEVENTS = 1n;
const IORING_OP_WRITE = 23;
/** Offsets of offsets in struct io_uring_params: sq_off.tail, cq_off.cqes. */
const SQ_TAIL = 44;
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

/**
 * A new io_uring, unless the op of `after` failed.
 *
 * @returns `inRing`: the address at an offset that the kernel wrote to its parameters.
 */
function polledRing(b: Builder, after: Arg): { ring: Arg; sqes: Arg; inRing: (member: number) => Arg } {
  const base = RINGS + BigInt(b.ops.length) * RING_STRIDE;
  const page = BigInt(b.pageSize);
  const room = [imm(base), imm(2n * page), imm(3n, 'PROT_READ|PROT_WRITE'), MAP_FLAGS, imm(-1n), imm(0n)];
  const rings = b.syscall('mmap', room, { mapping: true, quiet: true });
  const sqes = plus(ret(rings, 'rings'), page);
  const params = b.alloc(PARAMS_SIZE);
  b.patch(params + 8, 4, imm(IORING_SETUP_IOPOLL_NO_MMAP));
  b.patch(params + SQES_AT, 8, sqes);
  b.patch(params + RINGS_AT, 8, imm(base));
  // The last argument says what the call depends on.
  const text = '{flags=IORING_SETUP_IOPOLL|NO_MMAP}';
  const args = [imm(1), blob(params, text), ret(rings, 'rings'), after];
  const ring = ret(b.syscall('io_uring_setup', args, { fd: true, quiet: true }), 'ring');
  const inRing = (member: number): Arg => ({
    arg: { kind: 'mem32', ref: params + member, add: base },
    text: 'ring',
  });
  return { ring, sqes, inRing };
}

/** The first device that no hold of this process uses; there may be none of that name. */
function freeDevice({ objects }: LowerContext): string {
  for (let i = 0; ; i++) if (!objects.has(`/dev/nullb${i}`)) return `/dev/nullb${i}`;
}

export const oDirect: HoldMethod = (cx, at, length) => {
  const { b } = cx;
  const flags = O_WRONLY | O_DIRECT[b.arch];
  const path = freeDevice(cx);
  const name = path.slice('/dev/'.length);
  const device = ret(openAt(b, path, flags, 'O_WRONLY|O_DIRECT', name, true), name);
  cx.objects.set(path, { kind: 'space', fd: device });
  // Takes the same references in the same way and lets them go: a polled ring does not tell of a failure by itself.
  const main = b.syscall('pwrite64', [device, at, imm(length), imm(0n)]);
  const { ring, sqes, inRing } = polledRing(b, ret(main, '0'));
  const sqe = b.alloc(SQE_SIZE);
  b.patch(sqe, 1, imm(IORING_OP_WRITE));
  b.patch(sqe + 4, 4, device);
  b.patch(sqe + 16, 8, at);
  b.patch(sqe + 24, 4, imm(length));
  b.poke(sqes, sqe, SQE_SIZE);
  b.store(inRing(SQ_TAIL), 4, imm(1), true);
  const request = imm(1, `1 /* WRITE of ${at.text}, ${imm(length).text} bytes to ${device.text} */`);
  const submit = b.syscall('io_uring_enter', [ring, request, imm(0), imm(0), imm(0n, 'NULL'), imm(0)]);
  return {
    taken: {
      main,
      trouble: (r) => {
        const [written, taken] = [r.op(main).ret, r.op(submit).ret];
        if (written !== length) return `wrote ${written.toString()} of ${length.toString()} bytes to ${path}`;
        return taken === 1n ? undefined : `io_uring_enter took ${taken.toString()} requests of 1`;
      },
    },
    release: ({ b: later, objects }) => {
      objects.delete(path);
      const events = imm(IORING_ENTER_GETEVENTS, 'IORING_ENTER_GETEVENTS');
      const args = [ring, imm(0), imm(1), events, imm(0n, 'NULL'), ret(submit, '0', -1n)];
      const end = later.syscall('io_uring_enter', args, { timeoutMs: 5000 });
      const entry = later.peek(inRing(CQES), CQE_SIZE);
      return {
        main: end,
        trouble: (r) => {
          // The flags of the completion follow its result.
          const result = BigInt.asIntN(32, peeked(r, entry, CQE_RES));
          return result === length ? undefined : `the write in flight ended with ${result.toString()}`;
        },
      };
    },
  };
};
