// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import { calls, lastOp, lowered, replyTo, traced } from './lower.test-helper.js';

const vm = step('create_vm', {});
const gmem = step('create_gmem', { size: 8192n, flags: 3n });
const mapped = [vm, gmem, step('mmap', { of: 'gmem', length: 8192n })];
const KVM = [
  'openat(AT_FDCWD, "/dev/kvm", O_RDWR|O_CLOEXEC) = kvm',
  'ioctl(kvm, KVM_CREATE_VM, default) = vm',
  'ioctl(vm, KVM_CREATE_GUEST_MEMFD, {size=0x2000, flags=3}) = gmem',
];

/** Calls of the steps after those that make a VM and a guest_memfd. */
const after = (...steps: PlannedStep[]): string[] => calls([vm, gmem, ...steps]).slice(KVM.length);
/** Calls of the steps after those that also map it. */
const onMap = (...steps: PlannedStep[]): string[] => calls([...mapped, ...steps]).slice(KVM.length + 1);

describe('the calls of a report', () => {
  it('name objects instead of numbers, and /dev/kvm is opened once', () => {
    expect(calls([vm, gmem, step('check_extension', { cap: 236n }), step('create_vm', { as: 'b' })])).toEqual(
      [...KVM, 'ioctl(kvm, KVM_CHECK_EXTENSION, 236) = 0', 'ioctl(kvm, KVM_CREATE_VM, default) = b'],
    );
  });

  it.each<[string, string[], string[]]>([
    [
      'a slot with memory and guest_memfd',
      onMap(
        step('bind', { gpa: 1n << 32n, size: 8192n, gmem: 'gmem', map: 'm', map_offset: 4096n, slot: 2n }),
      ),
      [
        'ioctl(vm, KVM_SET_USER_MEMORY_REGION2, {slot=2, flags=4, guest_phys_addr=0x100000000, memory_size=0x2000, userspace_addr=m+0x1000, guest_memfd=gmem}) = 0',
      ],
    ],
    [
      'the older slot ioctl',
      after(step('bind', { gpa: 0n, size: 4096n, version: 1n, userspace_addr: 0x7000n })),
      ['ioctl(vm, KVM_SET_USER_MEMORY_REGION, {memory_size=0x1000, userspace_addr=0x7000}) = 0'],
    ],
    [
      'the deletion of a slot',
      after(step('unbind', { slot: 1n })),
      ['ioctl(vm, KVM_SET_USER_MEMORY_REGION2, {slot=1}) = 0'],
    ],
    [
      'attributes of a VM',
      after(step('set_vm_attributes', { gpa: 0n, size: 4096n, attributes: 8n })),
      ['ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, {size=0x1000, attributes=8}) = 0'],
    ],
    [
      'attributes of a file, every reserved word',
      after(step('set_attributes', { size: 4096n, attributes: 8n, reserved: [0n, 1n] })),
      ['ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2, {size=0x1000, attributes=8, reserved=[0, 1]}) = 0'],
    ],
    [
      'attributes by another command',
      after(
        step('set_attributes', { size: 0n, attributes: 0n, cmd: 0xc080aed3n }),
        step('set_attributes', { size: 0n, attributes: 0n, cmd: 0xc040aed6n }),
      ),
      ['ioctl(gmem, 0xc080aed3, {}) = 0', 'ioctl(gmem, KVM_SET_MEMORY_ATTRIBUTES2_RFC1, {}) = 0'],
    ],
    [
      'mmap with flags by name',
      after(step('mmap', { of: 'gmem', length: 4096n, prot: 0n, flags: 0x8002n, offset: 4096n })),
      ['mmap(NULL, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_POPULATE, gmem, 0x1000) = m'],
    ],
    [
      'anonymous memory',
      calls([step('mmap', { length: 4096n })]),
      ['mmap(NULL, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = m'],
    ],
    [
      'loads and stores',
      onMap(step('load', { offset: 8n, width: 1n }), step('store', { value: -1n, width: 4n })),
      ['load8(m+8) = 0', 'store32(m, -1) = 0'],
    ],
    [
      'a negative size as written',
      after(step('fallocate', { mode: 3n, offset: -4096n, length: 4096n })),
      ['fallocate(gmem, 3, -0x1000, 0x1000) = 0'],
    ],
    [
      'a known ioctl by its name',
      after(step('ioctl', { on: 'vm', cmd: 0xc040aed4n, arg: 'null' })),
      ['ioctl(vm, KVM_CREATE_GUEST_MEMFD, NULL) = 0'],
    ],
    [
      'an unknown ioctl by its number',
      after(step('ioctl', { on: 'gmem', cmd: 0x1234n, value: 5n })),
      ['ioctl(gmem, 0x1234, 5) = 0'],
    ],
    [
      'duplicates and closes',
      after(step('dup', { on: 'gmem', as: 'd' }), step('close', { on: 'd' })),
      ['dup(gmem) = d', 'close(d) = 0'],
    ],
    [
      'a file operation without the calls that prepare it',
      after(step('fd_op', { op: 'splice_from_off', length: 16n, offset: 1n })),
      ['splice(gmem, [1], pipe, NULL, 16, 2) = 0'].map((c) => c.replace(', 2)', ', SPLICE_F_NONBLOCK)')),
    ],
    [
      'an access by the kernel',
      onMap(step('touch', { how: 'process_vm_write', offset: 4096n, length: 8n })),
      ['process_vm_writev(self, [{buffer, 8}], 1, [{m+0x1000, 8}], 1, 0) = 0'],
    ],
    [
      'a range of a mapping',
      onMap(step('map_op', { op: 'mremap', length: 8192n, arg: 4096n })),
      ['mremap(m, 0x2000, 0x1000, MREMAP_MAYMOVE) = m'],
    ],
    ['a limit', calls([step('limit', { nofile: 8n })]), ['prlimit64(0, RLIMIT_NOFILE, {8}, NULL) = 0']],
  ])('show %s', (_what, seen, expected) => expect(seen).toEqual(expected));

  it('show the set-up of an argument only when it went wrong', () => {
    const touch = step('touch', { how: 'pipe_read' });
    const l = lowered([...mapped, touch]);
    const pipe = l.wire.ops.findIndex((op) => op.code === 'syscall' && op.nr === 293);
    const { steps } = l.lift(replyTo(l, { [pipe]: { ret: -1n, errno: 24 } }));
    expect(steps[3]?.calls).toEqual([
      'pipe2(pipe, O_NONBLOCK|O_CLOEXEC) = -1 EMFILE',
      'write(pipe, m, 8) = 0',
    ]);
  });
});

describe('results of calls', () => {
  const load = [...mapped, step('load', { offset: 8n })];
  const last = (results: Parameters<typeof traced>[1]) => traced(load, results).at(-1);
  const MAP = lastOp(lowered(mapped).wire.ops, (op) => op.code === 'syscall');
  const LOAD = MAP + 1;
  const base = 0x7f00_0000_0000n;

  it('are numbers: small ones decimal, others hex, never negative', () => {
    expect(last({ [LOAD]: { ret: 65535n } })?.calls).toEqual(['load64(m+8) = 65535']);
    expect(last({ [LOAD]: { ret: -1n } })).toMatchObject({
      calls: ['load64(m+8) = 0xffffffffffffffff'],
      fields: { value: (1n << 64n) - 1n },
    });
  });

  it('are errors by name, also such as should never be seen', () => {
    const errno = (n: number) => traced([vm], { 1: { ret: -1n, errno: n } })[0];
    expect(errno(22)).toMatchObject({
      errno: 'EINVAL',
      calls: [KVM[0], 'ioctl(kvm, KVM_CREATE_VM, default) = -1 EINVAL'],
    });
    expect(errno(512)).toMatchObject({ errno: 'errno 512' });
    expect(traced([vm], { 1: { ret: -1n, errno: 4, timedOut: true } })[0]?.calls[1]).toMatch(
      /= -1 EINTR \(watchdog\)$/,
    );
  });

  it('are faults with signal, code and address relative to the mapping', () => {
    const fault = { status: 'fault', signal: 7, code: 2, faultAddress: base + 8n } as const;
    expect(last({ [MAP]: { ret: base }, [LOAD]: fault })).toMatchObject({
      state: 'done',
      errno: 'EFAULT',
      fault: { signal: 'SIGBUS', code: 2n, at: 8n },
      fields: {},
      calls: ['load64(m+8) = SIGBUS (BUS_ADRERR) at +0x8'],
    });
    expect(last({ [LOAD]: { ...fault, signal: 11, code: 99 } })?.calls[0]).toMatch(/SIGSEGV \(code 99\)/);
    expect(last({ [LOAD]: { ...fault, signal: 0 } })).toMatchObject({
      fault: { signal: 'refused' },
      calls: ['load64(m+8) = refused (EFAULT)'],
    });
  });

  it.each([
    ['dependency', 'dependency', '? (not called: an object it needs was not made)'],
    ['not-run', 'not-run', '? (not reached)'],
    ['in-flight', 'in-flight', '? <unfinished ...>'],
  ] as const)('of an op that is %s leave the step so', (status, state, text) => {
    expect(last({ [LOAD]: { status } })).toMatchObject({
      state,
      fields: {},
      calls: [`load64(m+8) = ${text}`],
    });
  });

  it('add up the time of all ops of a step', () => {
    expect(traced([vm])[0]?.durationNs).toBe(20n);
  });
});

describe('the end of a program', () => {
  const l = lowered([vm]);
  it.each([
    ['complete', 0, undefined],
    ['timeout', 0, 'the program did not end in time and was killed'],
    ['stuck', 0, 'the program did not end in time and could not be killed: a call is stuck in the kernel'],
    ['died', 9, 'the process that ran the program died of signal 9'],
  ] as const)('%s is told', (end, signal, cut) =>
    expect(l.lift(replyTo(l, {}, { end, signal })).cut).toBe(cut),
  );

  it('is refused when the reply is not of this program', () => {
    expect(() => l.lift(replyTo(l, {}, { results: [] }))).toThrow('expected 2 results, got 0');
  });
});

describe('a fork', () => {
  const child = [step('load', { offset: 0n }), step('fork', { steps: [step('close', { on: 'gmem' })] })];
  const program = [...mapped, step('fork', { steps: child }), step('close', { on: 'gmem' })];

  it('holds the ops of its steps, those of a fork in it included', () => {
    const { ops } = lowered(program).wire;
    const forks = ops.flatMap((op, i) => (op.code === 'fork' ? [{ at: i, count: op.count }] : []));
    const first = lowered(mapped).wire.ops.length;
    expect(forks).toEqual([
      { at: first, count: 3 },
      { at: first + 2, count: 1 },
    ]);
    expect(ops).toHaveLength(first + 5);
  });

  it('shows what its child did, indented, and as results of their own', () => {
    const result = traced(program)[3];
    expect(result?.calls).toEqual(['fork() = 0', '  load64(m) = 0', '  fork() = 0', '    close(gmem) = 0']);
    expect(result?.children).toHaveLength(2);
    expect(result?.children[1]?.children[0]).toMatchObject({ state: 'done', errno: '0' });
  });

  it('keeps objects made in the child to itself', () => {
    const made = step('fork', { steps: [step('open', { kind: 'memfd', as: 'f' })] });
    expect(() => lowered([made, step('close', { on: 'f' })])).toThrow("no file descriptor 'f'");
  });
});
