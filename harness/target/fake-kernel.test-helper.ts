// SPDX-License-Identifier: GPL-2.0-only
/** Kernels that answer as a test says: the conversion interface as a table, everything else succeeds. */
import type { WireOp, WireProgram, WireResult } from '../lower/wire.js';
import { CONSTANTS } from '../uapi/constants.js';
import { errnoNumber } from '../uapi/errno.js';
import { CONVERSION_COMMANDS } from '../uapi/profiles/index.js';
import type { RequestName } from '../uapi/profiles/index.js';
import { yes } from './fake-executor.test-helper.js';
import type { Behaviour } from './fake-executor.test-helper.js';
import type { Probe } from './probe.js';

/** What a session knows of a kernel that was not asked. */
export const NOTHING_PROBED: Probe = {
  profile: undefined,
  reasons: [],
  vmTypes: [],
  capabilities: [],
  commands: [],
  requests: { plain: '?', errorOffset: '?', zero: '?', preserve: '?', defaultVm: '?' },
  switches: [],
};

export interface FakeKernel {
  /** Answers to a NULL argument on a guest_memfd; ENOTTY unless named. */
  commands: Partial<Record<'attributes2' | 'rfc1' | 'convertShared' | 'convertPrivate', string>>;
  /** The same of the first command, on a VM. */
  vmCommand: string;
  /** Answers to requests that change nothing; success unless named. */
  requests: Partial<Record<RequestName, string>>;
  capabilities: Readonly<Record<string, bigint>>;
  /** Parameters of the kvm module as sysfs prints them. */
  params: Readonly<Record<string, string>>;
  /** Errno of KVM_CREATE_GUEST_MEMFD. */
  gmem: string;
  /** Every VM type exists, or the default type alone. */
  vmTypes: 'all' | 'default';
}

const COMMAND_NAMES = ['attributes2', 'rfc1', 'convertShared', 'convertPrivate'] as const;
type Syscall = Extract<WireOp, { code: 'syscall' }>;

const errno = (name: string): Partial<WireResult> =>
  name === '0' ? {} : { ret: -1n, errno: errnoNumber(name) ?? 0 };

/** A kernel of mainline, but for what is given. */
export function fakeKernel(given: Partial<FakeKernel> = {}): Behaviour {
  const kernel: FakeKernel = {
    commands: {},
    vmCommand: 'ENOTTY',
    requests: {},
    capabilities: {},
    params: {},
    gmem: '0',
    vmTypes: 'all',
    ...given,
  };
  return (program) => {
    const results = program.ops.map((op) => (op.code === 'syscall' ? answer(kernel, program, op) : {}));
    program.ops.forEach((op, i) => {
      if (op.code === 'peek') results[i] = { data: contents(kernel, program, i, op.length) };
    });
    return { reply: yes(program, results) };
  };
}

function answer(kernel: FakeKernel, program: WireProgram, op: Syscall): Partial<WireResult> {
  const path = pathOf(program, op);
  if (path?.startsWith('/sys/module/kvm/')) {
    return errno(kernel.params[path.split('/').at(-1) ?? ''] === undefined ? 'ENOENT' : '0');
  }
  const [on, cmd, arg] = op.args;
  if (cmd?.kind !== 'imm' || !on || !arg) return {};
  if (cmd.add === CONSTANTS['KVM_CHECK_EXTENSION'])
    return { ret: kernel.capabilities[arg.add.toString()] ?? 0n };
  if (cmd.add === CONSTANTS['KVM_CREATE_VM'])
    return errno(kernel.vmTypes === 'all' || arg.add === 0n ? '0' : 'EINVAL');
  if (cmd.add === CONSTANTS['KVM_CREATE_GUEST_MEMFD']) return errno(kernel.gmem);
  const command = CONVERSION_COMMANDS.findIndex((c) => c.cmd === cmd.add);
  const name = COMMAND_NAMES[command];
  if (name === undefined || on.kind !== 'ret') return {};
  const maker = program.ops[on.ref];
  const made = maker?.code === 'syscall' ? maker.args : [];
  if (made[1]?.add === CONSTANTS['KVM_CREATE_VM']) return errno(kernel.vmCommand);
  if (arg.kind === 'imm') return errno(kernel.commands[name] ?? 'ENOTTY');
  return errno(kernel.requests[requestOf(program, Number(arg.add), made[0])] ?? '0');
}

/** Which of the requests a struct kvm_memory_attributes2 in the blob is. */
function requestOf(program: WireProgram, at: number, vm: Syscall['args'][number] | undefined): RequestName {
  const view = new DataView(program.blob.buffer, program.blob.byteOffset);
  const word = (offset: number): bigint => view.getBigUint64(at + offset, true);
  const maker = vm?.kind === 'ret' ? program.ops[vm.ref] : undefined;
  const type = maker?.code === 'syscall' ? maker.args[2]?.add : undefined;
  if (type === 0n) return 'defaultVm';
  if (word(32) !== 0n) return 'errorOffset';
  return word(24) === 1n ? 'zero' : word(24) === 2n ? 'preserve' : 'plain';
}

/** What a peek sees after the parameter of the last path before it was read. */
function contents(kernel: FakeKernel, program: WireProgram, index: number, length: number): Uint8Array {
  const before = program.ops
    .slice(0, index)
    .flatMap((op) => (op.code === 'syscall' ? [pathOf(program, op)] : []));
  const path = before.filter((p) => p !== undefined).at(-1) ?? '';
  const bytes = new Uint8Array(length);
  bytes.set(
    new TextEncoder().encode(`${kernel.params[path.split('/').at(-1) ?? ''] ?? ''}\n`).slice(0, length),
  );
  return path.startsWith('/sys/module/kvm/') ? bytes : new Uint8Array(length);
}

/** The path of an openat. */
function pathOf({ blob }: WireProgram, { args }: Syscall): string | undefined {
  const [directory, path] = args;
  if (directory?.kind !== 'imm' || directory.add !== BigInt.asUintN(64, -100n) || path?.kind !== 'blob')
    return undefined;
  const [text] = new TextDecoder().decode(blob.subarray(Number(path.add))).split('\0');
  return text;
}
