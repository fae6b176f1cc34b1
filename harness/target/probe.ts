// SPDX-License-Identifier: GPL-2.0-only
import { program, step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { CONSTANTS } from '../uapi/constants.js';
import { CONVERSION_COMMANDS, CONVERSION_REQUESTS, PROFILES, REQUEST_NAMES } from '../uapi/profiles/index.js';
import type { Profile, RequestName } from '../uapi/profiles/index.js';
import { chooseProfile } from './choose-profile.js';
import { TargetError } from './executor.js';
import type { Target } from './target.js';

/** VM types that are asked about; those without private memory first. */
export const VM_TYPES = ['default', 'sw_protected', 'sev', 'sev_es', 'snp', 'tdx'] as const;
export type VmType = (typeof VM_TYPES)[number];

export interface ProbedVmType {
  type: VmType;
  present: boolean;
  /** Errno of KVM_CREATE_VM, `0` when present. */
  errno: string;
}
export interface ProbedCapability {
  number: bigint;
  name: string;
  /** Value on /dev/kvm and on a VM of each present type. */
  values: Readonly<Record<string, bigint>>;
}
export interface ProbedCommand {
  name: string;
  cmd: bigint;
  /** Errno of the command with a NULL argument on a guest_memfd. */
  answer: string;
}
/** A parameter of the kvm module. */
export interface ProbedSwitch {
  name: string;
  value: bigint;
}

/** What functional probing found, with the reason for each conclusion. */
export interface Probe {
  profile: Profile | undefined;
  /** One sentence for each conclusion, in the order they were drawn. */
  reasons: string[];
  vmTypes: ProbedVmType[];
  capabilities: ProbedCapability[];
  commands: ProbedCommand[];
  /** Errno of each request that changes nothing; `?` where it could not be asked. */
  requests: Readonly<Record<RequestName, string>>;
  /** Parameters that switch conversion, as far as they exist. */
  switches: ProbedSwitch[];
}

/** Parameters by which in-place conversion is switched, and the value that means off. */
const SWITCHES = [
  { name: 'gmem_in_place_conversion', off: 0n },
  { name: 'vm_memory_attributes', off: 1n },
] as const;

/** Lowest and highest capability number that any dialect of the interface used. */
const CAPABILITIES = Array.from({ length: 254 - 231 + 1 }, (_, i) => BigInt(231 + i));

/**
 * Find out by doing which dialect a kernel speaks. Never by a capability number alone: the numbers were
 * reused by others (uapi: 250 is PPC_COMPAT_CAPS on a kernel without the interface).
 * @throws TargetError when not even a VM can be made
 */
export async function probe(target: Target): Promise<Probe> {
  const vmTypes = await probeVmTypes(target);
  const present = vmTypes.filter((t) => t.present).map((t) => t.type);
  if (present.length === 0) {
    const why = vmTypes.map((t) => `${t.type}: ${t.errno}`).join(', ');
    throw new TargetError(
      `no VM can be created on ${target.name} (${why}); is KVM usable there (/dev/kvm, nesting)?`,
    );
  }
  const capabilities = await probeCapabilities(target, present);
  const vm = present.includes('sw_protected') ? 'sw_protected' : 'default';
  const { commands, gmem, vmCommand, switches } = await probeCommands(target, vm);
  const requests = await probeRequests(target, vm, commands);
  const reasons = vmTypes.map((t) =>
    t.present ? `VM type ${t.type} exists` : `VM type ${t.type} does not exist (KVM_CREATE_VM: ${t.errno})`,
  );
  reasons.push(
    gmem === '0'
      ? `guest_memfd exists (created on a ${vm} VM)`
      : `no guest_memfd on a ${vm} VM (KVM_CREATE_GUEST_MEMFD: ${gmem})`,
  );
  for (const c of commands)
    reasons.push(`${c.name} with a NULL argument gives ${c.answer}: ${meaning(c.answer)}`);
  for (const name of REQUEST_NAMES)
    if (requests[name] !== '?') reasons.push(`${CONVERSION_REQUESTS[name].about} gives ${requests[name]}`);
  const converts = commands.some((c) => c.answer === 'EFAULT');
  reasons.push(...switches.map((s) => position(s, converts)));
  if (!ABSENT.includes(vmCommand)) {
    reasons.push(
      `${commands[0]?.name ?? ''} on a ${vm} VM gives ${vmCommand}: attributes of the VM, as in RFC v2 to v4`,
    );
  }
  // Without a VM type that has private memory only /dev/kvm tells: a default VM answers 0 in every dialect.
  const askedOn = vm === 'default' ? '/dev/kvm' : vm;
  const capability = (number: bigint): bigint =>
    capabilities.find((c) => c.number === number)?.values[askedOn] ?? 0n;
  const profile = chooseProfile({ commands, requests, capability, askedOn }, reasons);
  return { profile, reasons, vmTypes, capabilities, commands, requests, switches };
}

/** Answers of a VM that does not know a command: x86, and others. */
const ABSENT: readonly string[] = ['ENOTTY', 'EINVAL', '?'];

/** What a parameter says about conversion, and whether that is so. */
function position({ name, value }: ProbedSwitch, converts: boolean): string {
  const off = SWITCHES.find((s) => s.name === name)?.off === value;
  const says = `parameter ${name} is ${value.toString()}: in-place conversion is switched ${off ? 'off' : 'on'}`;
  if (off) return converts ? `${says}, and yet a command answers` : `${says}, and mainline's rules hold`;
  return converts ? says : `${says}, and yet no command answers`;
}

function meaning(answer: string): string {
  if (answer === 'ENOTTY') return 'absent or switched off';
  if (answer === 'EFAULT') return 'present, it tried to read the argument';
  return answer === '?' ? 'not asked, there is no guest_memfd' : 'unexpected';
}

async function probeVmTypes(target: Target): Promise<ProbedVmType[]> {
  const asked = target.arch === 'x86_64' ? VM_TYPES : VM_TYPES.slice(0, 1);
  const steps = asked.map((type) => step('create_vm', { type, as: `vm_${type}` }));
  const results = await run(target, 'vm-types', steps);
  return asked.map((type, i) => ({ type, present: errno(results[i]) === '0', errno: errno(results[i]) }));
}

async function probeCapabilities(target: Target, present: readonly VmType[]): Promise<ProbedCapability[]> {
  const made = present.map((type) => step('create_vm', { type, as: `vm_${type}` }));
  const on = ['kvm', ...present.map((t) => `vm_${t}`)];
  const asked = CAPABILITIES.flatMap((cap) => on.map((o) => step('check_extension', { on: o, cap })));
  const results = (await run(target, 'capabilities', [...made, ...asked])).slice(made.length);
  return CAPABILITIES.map((number, i) => ({
    number,
    name: capabilityName(number),
    values: Object.fromEntries(
      on.map((o, j) => [
        o === 'kvm' ? '/dev/kvm' : o.replace('vm_', ''),
        BigInt.asIntN(64, results[i * on.length + j]?.fields['value'] ?? 0n),
      ]),
    ),
  }));
}

/** The name in mainline headers; numbers above them are named by the dialect that is found. */
function capabilityName(number: bigint): string {
  return Object.entries(CONSTANTS).find(([k, v]) => k.startsWith('KVM_CAP_') && v === number)?.[0] ?? '';
}

interface Commands {
  commands: ProbedCommand[];
  gmem: string;
  /** Errno of KVM_SET_MEMORY_ATTRIBUTES2 with a NULL argument on the VM itself. */
  vmCommand: string;
  switches: ProbedSwitch[];
}

async function probeCommands(target: Target, vm: VmType): Promise<Commands> {
  const size = BigInt(target.hello.pageSize);
  const made = [step('create_vm', { type: vm }), step('create_gmem', { size })];
  const asked = CONVERSION_COMMANDS.map(({ cmd }) => step('ioctl', { on: 'gmem', cmd, arg: 'null' }));
  const [own] = CONVERSION_COMMANDS;
  const onVm = step('ioctl', { on: 'vm', cmd: own?.cmd ?? 0n, arg: 'null' });
  const params = SWITCHES.map(({ name }) => step('module_param', { name }));
  const results = await run(target, 'commands', [...made, ...asked, onVm, ...params]);
  const gmem = errno(results[1]);
  const commands = CONVERSION_COMMANDS.map((c, i) => ({
    ...c,
    answer: gmem === '0' ? errno(results[2 + i]) : '?',
  }));
  const after = 2 + asked.length;
  const switches = SWITCHES.flatMap(({ name }, i) => {
    const value = results[after + 1 + i]?.fields['value'];
    return value === undefined ? [] : [{ name, value }];
  });
  return { commands, gmem, vmCommand: errno(results[after]), switches };
}

/** Ask what changes nothing, of a file that is all private, and of one that is all shared. */
async function probeRequests(
  target: Target,
  vm: VmType,
  commands: readonly ProbedCommand[],
): Promise<Record<RequestName, string>> {
  const page = BigInt(target.hello.pageSize);
  const unknown = Object.fromEntries(REQUEST_NAMES.map((n) => [n, '?'])) as Record<RequestName, string>;
  if (commands[0]?.answer !== 'EFAULT') return unknown;
  const files = [
    ...(vm === 'default' ? [] : [{ of: 'private', type: vm, flags: 0n } as const]),
    { of: 'default', type: 'default', flags: CONSTANTS['GUEST_MEMFD_FLAG_INIT_SHARED'] ?? 0n } as const,
  ];
  const made = files.flatMap(({ of, type, flags }) => [
    step('create_vm', { type, as: `vm_${of}` }),
    step('create_gmem', { vm: `vm_${of}`, size: page, flags, as: `gmem_${of}` }),
  ]);
  const names = REQUEST_NAMES.filter((n) => files.some((f) => f.of === CONVERSION_REQUESTS[n].vm));
  const asked = names.map((n) => {
    const { vm: of, attributes, flags, errorOffset } = CONVERSION_REQUESTS[n];
    return step('set_attributes', {
      on: `gmem_${of}`,
      size: page,
      attributes,
      flags,
      error_offset: errorOffset,
    });
  });
  const results = (await run(target, 'requests', [...made, ...asked])).slice(made.length);
  return { ...unknown, ...Object.fromEntries(names.map((n, i) => [n, errno(results[i])])) };
}

const errno = (r: StepResult | undefined): string => (r?.state === 'done' ? r.errno : '?');

/** Probes depend on no dialect: any profile lowers them. */
async function run(target: Target, id: string, steps: PlannedStep[]): Promise<readonly StepResult[]> {
  const [first] = PROFILES;
  if (!first) throw new TargetError('no profiles are compiled in');
  const trace = await target.run(program(`probe/${id}`, ...steps), first);
  if (trace.crash)
    throw new TargetError(
      `${target.name} crashed while it was probed: ${trace.crash.title}\n${trace.crash.excerpt.join('\n')}`,
    );
  if (trace.cut !== undefined) throw new TargetError(`probing ${target.name}: ${trace.cut}`);
  return trace.steps;
}
