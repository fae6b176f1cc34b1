// SPDX-License-Identifier: GPL-2.0-only
import { step } from '../program/make.js';
import type { PlannedStep } from '../program/step.js';
import { CONSTANTS } from '../uapi/constants.js';
import type { Feature } from './features.js';

/** Steps that find out, the last `asked` of which are the questions. */
export interface FeatureProbe {
  steps: PlannedStep[];
  asked: number;
}

/** The probe of a feature of the kernel. @throws RangeError for a constant that does not exist */
export function featureProbe(f: Feature, page: bigint): FeatureProbe {
  const commands = f.ioctls ?? (f.ioctl === undefined ? [] : [f.ioctl]);
  if (commands.length > 0) {
    const on = f.on === undefined || f.on === 'private_vm' ? 'vm' : f.on;
    const questions = commands.map((name) => step('ioctl', { on, cmd: constant(name), arg: 'null' }));
    return { steps: [...objects(f.on ?? 'vm', page), ...questions], asked: commands.length };
  }
  return { steps: single(f, page), asked: 1 };
}

function objects(on: NonNullable<Feature['on']>, page: bigint): PlannedStep[] {
  const vm = step('create_vm', { type: on === 'private_vm' ? 'private_capable' : 'default' });
  if (on === 'vcpu') return [vm, step('create_vcpu', {})];
  return on === 'gmem' ? [vm, step('create_gmem', { size: page })] : [vm];
}

function single(f: Feature, page: bigint): PlannedStep[] {
  const vm = step('create_vm', { type: 'default' });
  const anonymous = step('mmap', { length: page });
  const advice = (name: string, length: bigint): PlannedStep[] => [
    anonymous,
    step('map_op', { op: 'madvise', length, arg: constant(name) }),
  ];
  if (f.vm_type !== undefined) return [step('create_vm', { type: f.vm_type as 'default' })];
  if (f.capability !== undefined)
    return [vm, step('check_extension', { on: 'vm', cap: constant(f.capability) })];
  if (f.gmem_flags !== undefined) return [vm, step('create_gmem', { size: page, flags: f.gmem_flags })];
  if (f.param !== undefined) return [step('module_param', { name: f.param })];
  if (f.pin !== undefined) {
    // A pin is over with the process that took it.
    return [anonymous, step('store', { value: 1n }), step('pin', { how: f.pin })];
  }
  switch (f.open) {
    case 'memfd_secret':
      return [step('open', { kind: 'memfd_secret' })];
    case 'io_uring':
      return [anonymous, step('touch', { how: 'io_uring_buffer' })];
    case 'thp':
      return advice('MADV_HUGEPAGE', page);
    case 'memory_failure':
      // Of no bytes: the advice is known or is not, and nothing is poisoned.
      return advice('MADV_HWPOISON', 0n);
    case 'hypercall':
      // Not enabled for userspace: KVM itself answers, and the guest goes on.
      return [vm, step('create_vcpu', {}), step('vcpu_hypercall', { gpa: 0n, pages: 1n, to: 'private' })];
    case 'become':
      return [step('fork', { steps: [step('become', {})] })];
    default:
      return [anonymous, step('map_op', { op: 'mbind', length: page, arg: constant('MPOL_PREFERRED') })];
  }
}

function constant(name: string): bigint {
  const value = CONSTANTS[name];
  if (value === undefined)
    throw new RangeError(`features.yaml names '${name}', which is not a known constant`);
  return value;
}
