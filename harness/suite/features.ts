// SPDX-License-Identifier: GPL-2.0-only
import type { ValidateFunction } from 'ajv';
import { program, step } from '../program/make.js';
import type { PlannedStep, Program } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { CONSTANTS } from '../uapi/constants.js';
import { CaseErrors } from './case-error.js';
import { readSource } from './source.js';
import { compileSchema, validate } from './validate.js';

/** A record of suites/features.yaml. Exactly one way to find out is given. */
export interface Feature {
  id: string;
  about: string;
  target?: string;
  ioctl?: string;
  on?: 'vm' | 'vcpu' | 'gmem';
  absent?: string[];
  vm_type?: string;
  capability?: string;
  gmem_flags?: bigint;
  open?: 'io_uring' | 'memfd_secret' | 'mbind' | 'thp';
  not?: string;
}

/** Whether a feature is there, and why we think so. */
export interface FeatureState {
  present: boolean;
  why: string;
  /** The probe went wrong in a way that says nothing: neither present nor absent, and no run can be trusted. */
  doubt?: string;
}

/** Errnos by which kernels say that they do not have something; any other is no answer. */
const ABSENT = ['EINVAL', 'ENOTTY', 'ENOSYS', 'EOPNOTSUPP', 'ENODEV', 'EPERM'];

const WAYS = ['target', 'ioctl', 'vm_type', 'capability', 'gmem_flags', 'open', 'not'];
const text = { type: 'string', minLength: 1 };
const SCHEMA = {
  type: 'object',
  required: ['features'],
  additionalProperties: false,
  properties: {
    features: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'about'],
        additionalProperties: false,
        oneOf: WAYS.map((way) => ({ required: [way] })),
        properties: {
          ...Object.fromEntries(['id', 'about', ...WAYS].map((k) => [k, text])),
          on: { enum: ['vm', 'vcpu', 'gmem'] },
          absent: { type: 'array', items: text },
          gmem_flags: { type: 'integer' },
          open: { enum: ['io_uring', 'memfd_secret', 'mbind', 'thp'] },
        },
      },
    },
  },
};

let compiled: ValidateFunction | undefined;

/** Read features.yaml. @throws CaseErrors */
export function loadFeatures(path: string): Feature[] {
  const source = readSource(path);
  compiled ??= compileSchema(SCHEMA);
  const errors = validate(source, compiled);
  if (errors.length > 0) throw new CaseErrors(errors);
  return (source.data as { features: Feature[] }).features;
}

/** Runs a program; the last step's result decides. */
export type RunProbe = (p: Program) => Promise<readonly StepResult[]>;

/**
 * Find out which features are there. Kernel features are probed by doing, one small program each.
 * @param target features of the target
 * @param arch as uname gives it: only x86_64 has VM types
 */
export async function evaluateFeatures(
  features: readonly Feature[],
  target: ReadonlySet<string>,
  arch: string,
  pageSize: number,
  run: RunProbe,
): Promise<Map<string, FeatureState>> {
  const states = new Map<string, FeatureState>();
  for (const f of features) {
    if (f.target !== undefined) {
      const present = target.has(f.target);
      states.set(f.id, { present, why: `the target ${present ? 'has' : 'lacks'} ${f.about}` });
    } else if (f.not !== undefined) {
      const other = states.get(f.not);
      states.set(f.id, {
        present: other?.present === false,
        why: `${other?.present ? 'present: ' : ''}${other?.why ?? `feature ${f.not} is not known`}`,
      });
    } else if (f.vm_type !== undefined && arch !== 'x86_64') {
      states.set(f.id, { present: false, why: `absent: ${f.about} (${arch} has no VM types)` });
    } else {
      const results = await run(program(`feature/${f.id}`, ...probeSteps(f, BigInt(pageSize))));
      states.set(f.id, conclude(f, results));
    }
  }
  return states;
}

function conclude(f: Feature, results: readonly StepResult[]): FeatureState {
  const last = results.at(-1);
  const failed = results.slice(0, -1).find((r) => r.errno !== '0');
  const refused = f.open !== undefined && ABSENT.some((name) => last?.trouble?.endsWith(`-1 ${name}`));
  if (failed || (last?.state !== 'done' && !refused)) {
    return doubtful(f, failed?.calls.at(-1) ?? last?.trouble ?? 'the probe did not run');
  }
  if (!last || refused) return { present: false, why: `absent: ${f.about} (${last?.trouble ?? ''})` };
  if (f.ioctl !== undefined) {
    const present = !(f.absent ?? []).includes(last.errno);
    return { present, why: `${present ? '' : 'absent: '}${f.about} (NULL argument: ${last.errno})` };
  }
  if (f.capability !== undefined) {
    const value = last.fields['value'] ?? 0n;
    return {
      present: value !== 0n,
      why: `${value === 0n ? 'absent: ' : ''}${f.about} (${f.capability} is ${value.toString()})`,
    };
  }
  const present = last.errno === '0';
  if (!present && !ABSENT.includes(last.errno)) return doubtful(f, last.calls.at(-1) ?? last.errno);
  return { present, why: `${present ? '' : 'absent: '}${f.about}${present ? '' : ` (${last.errno})`}` };
}

function doubtful(f: Feature, seen: string): FeatureState {
  return {
    present: false,
    why: `not known: ${f.about}`,
    doubt: `feature ${f.id} could not be probed: ${seen}`,
  };
}

function constant(name: string): bigint {
  const value = CONSTANTS[name];
  if (value === undefined)
    throw new RangeError(`features.yaml names '${name}', which is not a known constant`);
  return value;
}

function probeSteps(f: Feature, page: bigint): PlannedStep[] {
  const vm = step('create_vm', { type: 'default' });
  const anonymous = step('mmap', { length: page });
  if (f.ioctl !== undefined) {
    const on = f.on ?? 'vm';
    const object =
      on === 'vcpu' ? [step('create_vcpu', {})] : on === 'gmem' ? [step('create_gmem', { size: page })] : [];
    return [vm, ...object, step('ioctl', { on, cmd: constant(f.ioctl), arg: 'null' })];
  }
  if (f.vm_type !== undefined) {
    return [step('create_vm', { type: f.vm_type as 'default' })];
  }
  if (f.capability !== undefined)
    return [vm, step('check_extension', { on: 'vm', cap: constant(f.capability) })];
  if (f.gmem_flags !== undefined) return [vm, step('create_gmem', { size: page, flags: f.gmem_flags })];
  if (f.open === 'memfd_secret') return [step('open', { kind: 'memfd_secret' })];
  if (f.open === 'io_uring') return [anonymous, step('touch', { how: 'io_uring_buffer' })];
  if (f.open === 'thp') {
    return [anonymous, step('map_op', { op: 'madvise', length: page, arg: constant('MADV_HUGEPAGE') })];
  }
  return [anonymous, step('map_op', { op: 'mbind', length: page, arg: constant('MPOL_PREFERRED') })];
}
