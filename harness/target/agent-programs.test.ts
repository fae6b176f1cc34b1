// SPDX-License-Identifier: GPL-2.0-only
/** Lowered programs executed for real: by the agent, on the running kernel. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../judge/judge.js';
import { program, step } from '../program/make.js';
import type { Expect, PlannedStep } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { profile } from '../suite/suites.test-helper.js';
import { AgentExecutor } from './agent-executor.js';
import { hasCompiler, hasKvm } from './here.test-helper.js';
import { KernelTarget } from './kernel-target.js';
import { RemoteFiles } from './remote-files.js';

const is = (errno: string, fields: Record<string, bigint> = {}): Expect => ({ errno, fields });
const value = (v: bigint): Expect => ({ fields: { value: v } });
const bus = (at: bigint): Expect => ({ fault: 'SIGBUS', fields: { code: 2n, at } });
const page = 4096n;

describe.skipIf(!hasCompiler)('programs on the agent (needs a C compiler)', () => {
  let target: KernelTarget;
  beforeAll(async () => {
    target = new KernelTarget('agent', new AgentExecutor(), { disposable: false, timeoutMs: 5000 });
    await target.open();
  });
  afterAll(() => target.close());

  const run = (steps: readonly PlannedStep[]): Promise<Trace> =>
    target.run(program('t', ...steps), profile('d0-mainline'));
  async function passes(...steps: PlannedStep[]): Promise<void> {
    expect(judge(program('t', ...steps), await run(steps))).toEqual({ verdict: 'pass', mismatches: [] });
  }

  const file = [
    step('open', { kind: 'memfd' }),
    step('fd_op', { on: 'file', op: 'ftruncate', length: 8192n }),
  ];
  const mapped = [...file, step('mmap', { of: 'file', length: 16384n })];

  it('see each other’s stores, loads and file operations', () =>
    passes(
      ...mapped,
      step('store', { offset: 8n, value: 0x1122334455667788n }),
      step('load', { offset: 8n }, value(0x1122334455667788n)),
      step('load', { offset: 11n, width: 1n }, value(0x55n)),
      step('fd_op', { on: 'file', op: 'pwrite', offset: 4096n, length: 4n }, value(4n)),
      step('load', { offset: 4096n, width: 4n }, value(0xa5a5a5a5n)),
      step('fallocate', { on: 'file', mode: 3n, offset: 0n, length: 4096n }),
      step('load', { offset: 8n }, value(0n)),
    ));

  it('send descriptors to themselves', () =>
    passes(
      ...mapped,
      step('send_fd', { of: 'file', as: 'received' }),
      step('close', { on: 'file' }),
      step('fd_op', { on: 'received', op: 'pwrite', offset: 4096n, length: 4n }, value(4n)),
      step('load', { offset: 4096n, width: 4n }, value(0xa5a5a5a5n)),
      step('close', { on: 'received' }),
      step('send_fd', { of: 'received', as: 'again' }, is('EBADF')),
    ));

  it('see their own page tables', () =>
    passes(
      ...mapped,
      step('pagemap', { offset: 4096n }, is('0', { present: 0n })),
      step('store', { offset: 4096n, value: 1n }),
      step('pagemap', { offset: 4104n }, is('0', { present: 1n })),
      step('pagemap', {}, is('0', { present: 0n })),
      step('map_op', { op: 'madvise', length: 8192n, arg: 4n }),
      step('pagemap', { offset: 4096n }, is('0', { present: 0n })),
    ));

  it('wait, and read parameters that may be absent', () =>
    passes(step('wait', { ms: 20n }), step('module_param', { name: 'no_such_parameter' }, is('ENOENT'))));

  it.skipIf(process.getuid?.() !== 0)('give up being root in a child alone (needs root)', () =>
    passes(
      step('open', { kind: 'memfd' }),
      step('fork', {
        steps: [
          step('become', {}),
          step('fd_op', { on: 'file', op: 'fchown', arg: 0n }, is('EPERM')),
          step('limit', { nofile: 9n }),
        ],
      }),
      step('fd_op', { on: 'file', op: 'fchown', arg: 0n }, is('0')),
    ),
  );

  it('report struct stat', () =>
    passes(
      ...file,
      step(
        'fd_op',
        { on: 'file', op: 'fstat' },
        { fields: { st_size: 8192n, st_nlink: 0n, st_blocks: 0n, st_blksize: 4096n } },
      ),
    ));

  it('get SIGBUS beyond the end of a file, SIGSEGV where there is no access, and go on', () =>
    passes(
      ...mapped,
      step('load', { offset: 8192n }, bus(8192n)),
      step('store', { offset: 12288n, value: 1n }, bus(12288n)),
      step('map_op', { op: 'mprotect', length: 4096n, arg: 1n }),
      step('store', { offset: 16n, value: 1n }, { fault: 'SIGSEGV', fields: { code: 2n, at: 16n } }),
      step('load', {}, value(0n)),
    ));

  it('reach a mapping by routes of the kernel, and are refused beyond the end', () => {
    const routes = [
      'pipe_read',
      'process_vm_read',
      'populate_read',
      'file_read',
      'proc_mem_read',
      'getrandom_write',
      'proc_mem_write',
    ] as const;
    return passes(
      ...mapped,
      ...routes.map((how) => step('touch', { how, length: 8n })),
      ...routes
        .filter((how) => how === 'pipe_read' || how === 'process_vm_read')
        .map((how) => step('touch', { how, offset: 8192n }, is('EFAULT'))),
    );
  });

  it('fork: the child sees what was made, keeps what it makes, and may fault', async () => {
    await passes(
      ...mapped,
      step('fork', {
        steps: [
          step('store', { value: 7n }),
          step('load', { offset: 8192n }, bus(8192n)),
          step('dup', { on: 'file', as: 'mine' }),
          step('close', { on: 'mine' }),
          step('close', { on: 'file' }),
        ],
      }),
      step('load', {}, value(7n)),
      step('fd_op', { on: 'file', op: 'fstat' }),
    );
  });

  it('judge a failure in a child as one', async () => {
    const steps = [...mapped, step('fork', { steps: [step('load', {}, value(1n))] })];
    expect(judge(program('t', ...steps), await run(steps))).toMatchObject({
      verdict: 'fail',
      mismatches: [
        { step: 5, expected: 'success, value 1', seen: 'success, value 0', calls: ['load64(m) = 0'] },
      ],
    });
  });

  it('do not call what needs an object that was not made, and that is no pass', async () => {
    const steps = [
      step('open', { kind: 'memfd' }),
      step('mmap', { of: 'file', length: 0n }, is('EINVAL')),
      step('load', {}),
    ];
    const trace = await run(steps);
    expect(trace.steps[2]).toMatchObject({
      state: 'dependency',
      calls: ['load64(m) = ? (not called: an object it needs was not made)'],
    });
    expect(judge(program('t', ...steps), trace).verdict).toBe('error');
  });

  it('have limits of their own, which do not stay', async () => {
    await passes(step('limit', { nofile: 3n }), step('open', { kind: 'null' }, is('EMFILE')));
    await passes(step('open', { kind: 'null' }));
  });

  it('render the same in two runs', async () => {
    const calls = async (): Promise<string[]> => (await run(mapped)).steps.flatMap((s) => s.calls);
    expect(await calls()).toEqual(await calls());
  });

  it('read files and directories of the kernel', async () => {
    const files = new RemoteFiles(target.executor, target.arch, target.hello.pageSize);
    const release = await files.readFile('/proc/sys/kernel/osrelease');
    expect(
      Buffer.from(release ?? [])
        .toString()
        .trim(),
    ).toBe(target.hello.release);
    expect(await files.readFile('/nonexistent')).toBeUndefined();
    expect(await files.listDir('/proc/self')).toContain('maps');
    expect(await files.listDir('/nonexistent')).toBeUndefined();
  });

  describe.skipIf(!hasKvm)('with KVM (needs /dev/kvm)', () => {
    const gmem = (flags: bigint): PlannedStep[] => [
      step('create_vm', {}),
      step('create_gmem', { size: 2n * page, flags }),
    ];
    const slot = step('bind', { gpa: 0x100000n, size: 2n * page, gmem: 'gmem', map: 'm' });
    const shared = [
      ...gmem(3n),
      step('mmap', { of: 'gmem', length: 2n * page }),
      slot,
      step('create_vcpu', {}),
    ];

    /** Not every kernel of a test machine has guest_memfd with mmap. */
    async function supported(): Promise<boolean> {
      const trace = await run(shared);
      return trace.steps.every((s) => s.errno === '0' && s.state === 'done');
    }

    it('let host and guest see each other’s stores', async (ctx) => {
      if (!(await supported())) return ctx.skip('needs guest_memfd with mmap and a vCPU');
      await passes(
        ...shared,
        step('store', { offset: 16n, value: 0xabcdn }),
        step('vcpu_load', { gpa: 0x100010n }, value(0xabcdn)),
        step('vcpu_store', { gpa: 0x101008n, value: 0x1234n }),
        step('load', { offset: page + 8n }, value(0x1234n)),
        step('vcpu_load', { gpa: 0x101008n }, value(0x1234n)),
      );
    });

    it('exit for MMIO where there is no slot, and run on', async (ctx) => {
      if (!(await supported())) return ctx.skip('needs guest_memfd with mmap and a vCPU');
      await passes(
        ...shared,
        step(
          'vcpu_store',
          { gpa: 0x200000n, value: 1n },
          { fields: { exit: 6n, gpa: 0x200000n, len: 8n, is_write: 1n } },
        ),
        step('vcpu_load', { gpa: 0x100000n }, value(0n)),
      );
    });

    it('get SIGBUS from a page that is private from the beginning', async (ctx) => {
      if (!(await supported())) return ctx.skip('needs guest_memfd with mmap');
      await passes(
        ...gmem(1n),
        step('mmap', { of: 'gmem', length: page }),
        step('load', { offset: 8n }, bus(8n)),
      );
    });

    it('refuse a structure by its pointer', async (ctx) => {
      if (!(await supported())) return ctx.skip('needs guest_memfd with mmap');
      const create = (
        arg: 'good' | 'null' | 'unmapped' | 'straddle' | 'tight' | 'readonly' | 'unaligned',
        expected: string,
      ) => step('create_gmem', { size: page, arg }, is(expected));
      await passes(
        step('create_vm', {}),
        create('good', '0'),
        create('readonly', '0'),
        create('unaligned', '0'),
        create('tight', '0'),
        create('null', 'EFAULT'),
        create('unmapped', 'EFAULT'),
        create('straddle', 'EFAULT'),
      );
    });
  });
});
