// SPDX-License-Identifier: GPL-2.0-only
import { program, step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { CONSTANTS } from '../uapi/constants.js';
import { CONVERSION_COMMANDS, PROFILES } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { TargetError } from './executor.js';
import type { KernelTarget } from './kernel-target.js';

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

/** What functional probing found, with the reason for each conclusion. */
export interface Probe {
  profile: Profile | undefined;
  /** One sentence for each conclusion, in the order they were drawn. */
  reasons: string[];
  vmTypes: ProbedVmType[];
  capabilities: ProbedCapability[];
  commands: ProbedCommand[];
}

/** Lowest and highest capability number that any dialect of the interface used. */
const CAPABILITIES = Array.from({ length: 254 - 231 + 1 }, (_, i) => BigInt(231 + i));

/**
 * Find out by doing which dialect a kernel speaks. Never by a capability number alone: the numbers were
 * reused by others (uapi: 250 is PPC_COMPAT_CAPS on a kernel without the interface).
 * @throws TargetError when not even a VM can be made
 */
export async function probe(target: KernelTarget): Promise<Probe> {
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
  const { commands, gmem } = await probeCommands(target, vm);
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
  const profile = choose(commands, capabilities, vm, reasons);
  return { profile, reasons, vmTypes, capabilities, commands };
}

function meaning(answer: string): string {
  if (answer === 'ENOTTY') return 'absent or switched off';
  if (answer === 'EFAULT') return 'present, it tried to read the argument';
  return answer === '?' ? 'not asked, there is no guest_memfd' : 'unexpected';
}

async function probeVmTypes(target: KernelTarget): Promise<ProbedVmType[]> {
  const asked = target.arch === 'x86_64' ? VM_TYPES : VM_TYPES.slice(0, 1);
  const steps = asked.map((type) => step('create_vm', { type, as: `vm_${type}` }));
  const results = await run(target, 'vm-types', steps);
  return asked.map((type, i) => ({ type, present: errno(results[i]) === '0', errno: errno(results[i]) }));
}

async function probeCapabilities(
  target: KernelTarget,
  present: readonly VmType[],
): Promise<ProbedCapability[]> {
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

async function probeCommands(
  target: KernelTarget,
  vm: VmType,
): Promise<{ commands: ProbedCommand[]; gmem: string }> {
  const size = BigInt(target.hello.pageSize);
  const made = [step('create_vm', { type: vm }), step('create_gmem', { size })];
  const asked = CONVERSION_COMMANDS.map(({ cmd }) => step('ioctl', { on: 'gmem', cmd, arg: 'null' }));
  const results = await run(target, 'commands', [...made, ...asked]);
  const gmem = errno(results[1]);
  const commands = CONVERSION_COMMANDS.map((c, i) => ({
    ...c,
    answer: gmem === '0' ? errno(results[2 + i]) : '?',
  }));
  return { commands, gmem };
}

/** The one profile whose description fits everything seen; undefined when none does. */
function choose(
  commands: readonly ProbedCommand[],
  capabilities: readonly ProbedCapability[],
  vm: VmType,
  reasons: string[],
): Profile | undefined {
  for (const profile of [...PROFILES].reverse()) {
    const wrong = commands.find((c) => {
      const answer = profile.probe.commands.find((p) => p.cmd === c.cmd)?.answer ?? 'ENOTTY';
      return c.answer !== '?' && c.answer !== answer;
    });
    const cap = profile.probe.capability;
    // Without a VM type that has private memory only /dev/kvm tells: a default VM answers 0 in every dialect.
    const on = vm === 'default' ? '/dev/kvm' : vm;
    const value = capabilities.find((c) => c.number === cap?.number)?.values[on];
    if (wrong) reasons.push(`not ${profile.id}: ${wrong.name} gives ${wrong.answer}`);
    else if (commands.every((c) => c.answer === '?') && profile.probe.commands.length > 0) {
      reasons.push(`not ${profile.id}: there is no guest_memfd`);
    } else if (cap && value !== cap.value) {
      reasons.push(
        `not ${profile.id}: capability ${cap.number.toString()} is ${String(value)} on ${on}, expected ${cap.value.toString()}`,
      );
    } else if (commands.every((c) => c.answer === '?')) {
      reasons.push(
        `${profile.id}: there is no guest_memfd, and so nothing that another dialect could be told by`,
      );
      return profile;
    } else {
      reasons.push(
        `${profile.id}: all commands${cap ? ' and the capability' : ''} answer as this dialect does`,
      );
      return profile;
    }
  }
  reasons.push('no known dialect fits; choose one with --profile');
  return undefined;
}

const errno = (r: StepResult | undefined): string => (r?.state === 'done' ? r.errno : '?');

/** Probes depend on no dialect: any profile lowers them. */
async function run(target: KernelTarget, id: string, steps: PlannedStep[]): Promise<readonly StepResult[]> {
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
