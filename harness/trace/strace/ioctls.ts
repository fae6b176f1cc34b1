// SPDX-License-Identifier: GPL-2.0-only
import { CONSTANTS } from '../../uapi/constants.js';
import type { ObjectKind, Pointer } from '../../program/params.js';
import type { Descriptor } from './processes.js';
import type { CallContext } from './session.js';
import type { Value } from './value.js';

type Apply = (cx: CallContext, on: Descriptor) => void;

const command = (name: string): bigint => CONSTANTS[name] ?? -1n;
const KVM_MAGIC = 0xaen;
const GMEM_MAGIC = 0xafn;

/** What the log has of the structure behind an argument: its members, or nothing but that it is NULL. */
interface Structure {
  readonly arg: Pointer;
  readonly members: ReadonlyMap<string, Value>;
  /** Placeholders among the parameters; `names` are parameters by member. */
  unknown(names: Readonly<Record<string, string>>): string[];
  number(member: string): bigint | undefined;
}

function structure(cx: CallContext): Structure {
  const v = cx.value(2);
  const members = v?.kind === 'struct' ? v.members : new Map<string, Value>();
  const isNull = v?.kind === 'number' && v.value === 0n;
  const number = (member: string): bigint | undefined => {
    const m = members.get(member);
    return m?.kind === 'number' ? m.value : undefined;
  };
  return {
    arg: isNull ? 'null' : 'good',
    members,
    number,
    unknown: (names) => {
      // NULL is refused before any member is read.
      if (isNull) return [];
      const missing = Object.entries(names).filter(([member]) => number(member) === undefined);
      // A structure that strace could print is one that the kernel could read.
      return [...missing.map(([, param]) => param), ...(v?.kind === 'struct' ? [] : ['arg'])];
    },
  };
}

const createVm: Apply = (cx, on) => {
  const type = cx.number(2) ?? 0n;
  if (on.kind !== 'kvm' || on.closed) return other(cx, on);
  const names = ['default', 'sw_protected', 'sev', 'sev_es', 'snp', 'tdx'] as const;
  const name = names[Number(type)];
  const as = cx.session.name('vm');
  cx.step(
    'create_vm',
    { as, ...(name === undefined ? { raw: type } : { type: name }) },
    cx.number(2) === undefined ? ['type'] : [],
  );
  if (cx.ok) cx.describe(Number(cx.returned), as, 'vm', true);
};

const createVcpu: Apply = (cx, on) => {
  if (on.kind !== 'vm') return other(cx, on);
  const as = cx.session.name('vcpu');
  cx.step(
    'create_vcpu',
    { vm: on.name, id: cx.number(2) ?? 0n, as },
    cx.number(2) === undefined ? ['id'] : [],
  );
  if (cx.ok) cx.describe(Number(cx.returned), as, 'vcpu', true);
};

const createGmem: Apply = (cx, on) => {
  const s = structure(cx);
  const as = cx.session.name('gmem');
  const args = { vm: on.name, size: s.number('size') ?? 0n, flags: s.number('flags') ?? 0n, arg: s.arg, as };
  cx.step('create_gmem', args, s.unknown({ size: 'size', flags: 'flags', reserved: 'reserved' }));
  if (cx.ok) cx.describe(Number(cx.returned), as, 'gmem', true);
};

const setRegion =
  (version: bigint): Apply =>
  (cx, on) => {
    const s = structure(cx);
    const user = s.number('userspace_addr') ?? 0n;
    const within = cx.table.at(user);
    const fd = s.number('guest_memfd');
    const gmem = fd === undefined ? undefined : cx.table.fds.get(Number(BigInt.asIntN(32, fd)));
    const args = {
      vm: on.name,
      slot: s.number('slot') ?? 0n,
      flags: s.number('flags') ?? 0n,
      gpa: s.number('guest_phys_addr') ?? 0n,
      size: s.number('memory_size') ?? 0n,
      ...(within ? { map: within.map.name, map_offset: within.offset } : { userspace_addr: user }),
      ...(gmem ? { gmem: gmem.name } : fd === undefined ? {} : { fd }),
      offset: s.number('guest_memfd_offset') ?? 0n,
      version,
      arg: s.arg,
    };
    const members = {
      slot: 'slot', flags: 'flags', guest_phys_addr: 'gpa', memory_size: 'size', userspace_addr: 'userspace_addr',
    }; // prettier-ignore
    const more = { guest_memfd_offset: 'offset', guest_memfd: 'gmem', pad1: 'pad1', pad2: 'pad2' };
    cx.step('bind', args, s.unknown(version === 1n ? members : { ...members, ...more }));
  };

/** With the command of another posting, or that of dialects D3 to D8. */
const setAttributes =
  (cmd?: bigint): Apply =>
  (cx, on) => {
    const s = structure(cx);
    const args = {
      on: on.name,
      offset: s.number('offset') ?? 0n,
      size: s.number('size') ?? 0n,
      attributes: s.number('attributes') ?? 0n,
      flags: s.number('flags') ?? 0n,
      error_offset: s.number('error_offset') ?? 0n,
      arg: s.arg,
      ...(cmd === undefined ? {} : { cmd }),
    };
    const names = ['offset', 'size', 'attributes', 'flags', 'error_offset', 'reserved'];
    cx.step('set_attributes', args, s.unknown(Object.fromEntries(names.map((n) => [n, n]))));
  };

const convertRaw =
  (to: 'private' | 'shared'): Apply =>
  (cx, on) => {
    const s = structure(cx);
    const args = {
      on: on.name,
      offset: s.number('offset') ?? 0n,
      size: s.number('size') ?? 0n,
      to,
      arg: s.arg,
    };
    const names = ['offset', 'size', 'error_offset', 'reserved'];
    cx.step('convert_raw', args, s.unknown(Object.fromEntries(names.map((n) => [n, n]))));
  };

const setVmAttributes: Apply = (cx, on) => {
  const s = structure(cx);
  const args = {
    vm: on.name,
    gpa: s.number('address') ?? 0n,
    size: s.number('size') ?? 0n,
    attributes: s.number('attributes') ?? 0n,
    flags: s.number('flags') ?? 0n,
    arg: s.arg,
  };
  cx.step(
    'set_vm_attributes',
    args,
    s.unknown({ address: 'gpa', size: 'size', attributes: 'attributes', flags: 'flags' }),
  );
};

const enableCap: Apply = (cx, on) => {
  const s = structure(cx);
  const args = { on: on.name, cap: s.number('cap') ?? 0n, flags: s.number('flags') ?? 0n, arg: s.arg };
  cx.step('enable_cap', args, s.unknown({ cap: 'cap', flags: 'flags', args: 'args' }), {
    value: cx.returned,
  });
};

const preFault: Apply = (cx, on) => {
  const s = structure(cx);
  const args = {
    vcpu: on.name,
    gpa: s.number('gpa') ?? 0n,
    size: s.number('size') ?? 0n,
    flags: s.number('flags') ?? 0n,
    arg: s.arg,
  };
  cx.step('pre_fault', args, s.unknown({ gpa: 'gpa', size: 'size', flags: 'flags', padding: 'padding' }));
};

const checkExtension: Apply = (cx, on) => {
  const cap = cx.number(2);
  cx.step('check_extension', { on: on.name, cap: cap ?? 0n }, cap === undefined ? ['cap'] : [], {
    value: cx.returned,
  });
};

const run: Apply = (cx, on) => {
  cx.step('ioctl', { on: on.name, cmd: command('KVM_RUN'), value: 0n }, ['guest']);
};

/** A command without a verb of its own. */
const other: Apply = (cx, on) => {
  const value = cx.number(2);
  const cmd = BigInt.asUintN(32, cx.number(1) ?? 0n);
  // A number may be an address, and then the bytes behind it count.
  const pointer = value !== 0n && ((cmd >> 16n) & 0x3fffn) !== 0n;
  const args = { on: on.name, cmd, value: value ?? 0n };
  cx.step('ioctl', args, pointer || value === undefined ? ['arg'] : [], { value: cx.returned });
};

const COMMANDS = new Map<bigint, Apply>([
  [command('KVM_CREATE_VM'), createVm],
  [command('KVM_CREATE_VCPU'), createVcpu],
  [command('KVM_CHECK_EXTENSION'), checkExtension],
  [command('KVM_CREATE_GUEST_MEMFD'), createGmem],
  [command('KVM_SET_USER_MEMORY_REGION'), setRegion(1n)],
  [command('KVM_SET_USER_MEMORY_REGION2'), setRegion(2n)],
  [command('KVM_SET_MEMORY_ATTRIBUTES'), setVmAttributes],
  [command('KVM_SET_MEMORY_ATTRIBUTES2'), setAttributes()],
  [command('KVM_SET_MEMORY_ATTRIBUTES2_RFC1'), setAttributes(command('KVM_SET_MEMORY_ATTRIBUTES2_RFC1'))],
  [command('KVM_GMEM_CONVERT_PRIVATE'), convertRaw('private')],
  [command('KVM_GMEM_CONVERT_SHARED'), convertRaw('shared')],
  [command('KVM_ENABLE_CAP'), enableCap],
  [command('KVM_PRE_FAULT_MEMORY'), preFault],
  [command('KVM_RUN'), run],
]);

/** Commands that the interface knows by name; what others do is not ours to judge. */
const NAMED = new Set(Object.entries(CONSTANTS).flatMap(([name, v]) => (name.startsWith('KVM_') ? [v] : [])));

/** An ioctl. @returns whether it became a step */
export function ioctl(cx: CallContext): boolean {
  const cmd = cx.number(1);
  if (cmd === undefined) return false;
  const low = BigInt.asUintN(32, cmd);
  const magic = (low >> 8n) & 0xffn;
  const apply = COMMANDS.get(low);
  const on = cx.descriptor(0) ?? (apply ? stranger(cx, low) : undefined);
  if (!on) return false;
  if (apply) apply(cx, on);
  else if (on.kind === 'gmem' || (NAMED.has(low) && (magic === KVM_MAGIC || magic === GMEM_MAGIC)))
    other(cx, on);
  else return false;
  return true;
}

/** Commands that only one kind of file accepts. */
const ACCEPTED_BY = new Map<bigint, ObjectKind>([
  [command('KVM_CREATE_VM'), 'kvm'],
  [command('KVM_CREATE_VCPU'), 'vm'],
  [command('KVM_CREATE_GUEST_MEMFD'), 'vm'],
  [command('KVM_SET_USER_MEMORY_REGION'), 'vm'],
  [command('KVM_SET_USER_MEMORY_REGION2'), 'vm'],
]);

/** A descriptor that was never seen and that a command of the interface is given. */
function stranger(cx: CallContext, cmd: bigint): Descriptor | undefined {
  const fd = cx.number(0);
  if (fd === undefined || cx.call.returned.errno === undefined || cx.call.returned.errno === 'EBADF')
    return undefined;
  const kind = cx.ok ? ACCEPTED_BY.get(cmd) : undefined;
  return cx.adopt(Number(BigInt.asIntN(32, fd)), kind ?? 'file');
}
