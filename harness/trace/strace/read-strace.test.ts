// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { numbered, stepsOf, textOf } from './observed-text.test-helper.js';
import { noTotals, observe } from './read-strace.js';

/** A VM and a guest_memfd of one process. */
const SETUP = `
  openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = 3
  ioctl(3, KVM_CREATE_VM, 0) = 4
  ioctl(4, 0xc040aed4, {size=65536, flags=0x3, reserved=[0, 0, 0, 0, 0, 0]}) = 6
`;
const SETUP_STEPS = 2;
const after = async (log: string): Promise<string[]> => (await stepsOf(SETUP + log)).slice(SETUP_STEPS);

describe('observe', () => {
  it('takes structures that strace decodes, and the rest as unknown', async () => {
    expect(await stepsOf(SETUP)).toEqual([
      '1 create_vm: {as: vm1} -> 0',
      '1 create_gmem: {vm: vm1, size: 0x10000, flags: 3, as: gmem1} -> 0 ?reserved',
    ]);
    expect(
      await after('ioctl(6, 0xc080aed2, 0x7ffc0000) = -1 EAGAIN (Resource temporarily unavailable)'),
    ).toEqual([
      '1 set_attributes: {on: gmem1, size: 0, attributes: 0} -> EAGAIN ?offset,size,attributes,flags,error_offset,reserved,arg',
    ]);
  });

  it('joins the halves of a call, and does not pretend to know the order of calls at the same time', async () => {
    const log = SETUP.trim().replaceAll(/^\s*/gm, '7 ') + `
      7 clone(child_stack=0x7f00, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8
      7 fallocate(6, FALLOC_FL_KEEP_SIZE, 0, 4096 <unfinished ...>
      8 fallocate(6, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 4096) = 0
      7 <... fallocate resumed>) = 0
      8 close(6) = 0
      7 fallocate(6, 0, 0, 4096) = -1 EBADF (Bad file descriptor)`; // prettier-ignore
    expect((await stepsOf(log)).slice(SETUP_STEPS)).toEqual([
      '1 birth of 2 memory files',
      '2 fallocate: {on: gmem1, mode: 3, length: 4096} -> 0 ?order',
      '1 fallocate: {on: gmem1, mode: 1, length: 4096} -> 0 ?order',
      '2 close: {on: gmem1} -> 0',
      '1 fallocate: {on: gmem1, mode: 0, length: 4096} -> EBADF',
    ]);
  });

  it('knows a child before the call that made it returns, and the first process by its late name', async () => {
    expect(
      await after(`
        fork(strace: Process 31 attached
      `.trim().replace('fork(', '') + `
        [pid 30] clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
        [pid 31] close(6) = 0
        [pid 30] <... clone resumed>) = 31
        [pid 31] +++ exited with 0 +++
        fallocate(6, 0x1, 0, 4096) = 0`),
    ).toEqual([
      '1 birth of 2',
      '2 close: {on: gmem1} -> 0',
      '2 end',
      '1 fallocate: {on: gmem1, mode: 1, length: 4096} -> 0',
    ]); // prettier-ignore
  });

  it('closes what is close-on-exec at execve', async () => {
    expect(
      await after(`
        dup(6) = 7
        execve("/bin/true", ["true"], 0x7ffc) = 0
        fallocate(6, 0x1, 0, 4096) = -1 EBADF (Bad file descriptor)
        fallocate(7, 0x1, 0, 4096) = 0`),
    ).toEqual([
      '1 dup: {on: gmem1, as: gmem2} -> 0',
      '1 exec closes kvm vm1 gmem1',
      '1 fallocate: {on: gmem1, mode: 1, length: 4096} -> EBADF',
      '1 fallocate: {on: gmem2, mode: 1, length: 4096} -> 0',
    ]);
  });

  it('follows dup2 onto an open descriptor, close_range, and numbers used again', async () => {
    expect(
      await after(`
        dup2(6, 4) = 4
        close_range(5, 4294967295, 0) = 0
        fallocate(4, 0x1, 0, 4096) = 0
        openat(AT_FDCWD, "/tmp/x", O_RDONLY) = 6
        fallocate(6, 0x1, 0, 4096) = 0`),
    ).toEqual([
      '1 close: {on: vm1} -> 0',
      '1 dup: {on: gmem1, as: gmem2} -> 0',
      '1 close: {on: gmem1} -> 0',
      '1 fallocate: {on: gmem2, mode: 1, length: 4096} -> 0',
    ]);
  });

  it('follows mappings by address', async () => {
    expect(
      await after(`
        mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, 6, 0x1000) = 0x7f0000000000
        madvise(0x7f0000001000, 4096, MADV_DONTNEED) = 0
        --- SIGBUS {si_signo=SIGBUS, si_code=BUS_ADRERR, si_addr=0x7f0000001008} ---
        mremap(0x7f0000000000, 8192, 12288, MREMAP_MAYMOVE) = 0x7e0000000000
        munmap(0x7f0000000000, 4096) = 0
        mprotect(0x7e0000002000, 4096, PROT_NONE) = 0
        mmap(0x7e0000000000, 4096, PROT_NONE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7e0000000000`),
    ).toEqual([
      '1 mmap: {of: gmem1, offset: 4096, length: 8192, flags: 1, as: m1} -> 0',
      '1 map_op: {map: m1, op: madvise, offset: 4096, length: 4096, arg: 4} -> 0 value=0',
      '1 load: {map: m1, offset: 4104, width: 1} -> SIGBUS (BUS_ADRERR) at +0x1008 ?access',
      '1 map_op: {map: m1, op: mremap, length: 8192, arg: 12288} -> 0',
      '1 map_op: {map: m1, op: mprotect, offset: 8192, length: 4096} -> 0 value=0',
      '1 lose m1',
    ]);
  });

  it('adopts descriptors that came from elsewhere', async () => {
    expect(
      await stepsOf(`
        recvmsg(9<socket:[1]>, {msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[11<anon_inode:[guest_memfd]>]}], msg_flags=0}, 0) = 1
        fallocate(11<anon_inode:[guest_memfd]>, 0x1, 0, 4096) = 0
        ioctl(12<anon_inode:kvm-vm>, KVM_CHECK_EXTENSION, 0xea) = 1
        ioctl(13, KVM_CREATE_VM, 0) = 14`),
    ).toEqual([
      '1 adopt gmem1 as gmem',
      '1 fallocate: {on: gmem1, mode: 1, length: 4096} -> 0',
      '1 adopt vm1 as vm',
      '1 check_extension: {on: vm1, cap: 234} -> 0 value=1',
      '1 adopt kvm as kvm',
      '1 create_vm: {as: vm2} -> 0',
    ]);
  });

  it('counts what it skips and what never returned', async () => {
    const totals = noTotals();
    const log = `${SETUP}
      getpid() = 1
      read(0, "x", 1) = 1
      ioctl(4, 0xae80, 0 <unfinished ...>`;
    await textOf(observe('log', numbered(log), totals));
    expect(totals).toMatchObject({ lines: 7, steps: 2, partly: 1, unfinished: 1 });
    expect(totals.skipped).toEqual(new Map([['getpid', 1], ['read', 1]])); // prettier-ignore
  });

  it.each([
    ['garbage', /^log:1: expected a line of strace.*got: garbage/],
    ['close(3) = 0\n\u001b[31m(', /^log:2: .*got: ·\[31m\(/],
    ['5 read(3, <unfinished ...>\n5 <... write resumed>) = 0', /^log:2: expected the end of read of line 1/],
  ])('refuses %j, and says where', async (log, problem) => {
    await expect(textOf(observe('log', numbered(log)))).rejects.toThrow(problem);
  });
});
