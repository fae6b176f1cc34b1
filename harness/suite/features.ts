// SPDX-License-Identifier: GPL-2.0-only
import type { ValidateFunction } from 'ajv';
import { program } from '../program/make.js';
import type { PinWay } from '../program/pin-ways.js';
import { PIN_WAY_NAMES } from '../program/pin-ways.js';
import type { Program } from '../program/step.js';
import type { StepResult } from '../program/trace.js';
import { CaseErrors } from './case-error.js';
import { featureProbe } from './feature-probe.js';
import { readSource } from './source.js';
import { compileSchema, validate } from './validate.js';

/** A record of suites/features.yaml. Exactly one way to find out is given. */
export interface Feature {
  id: string;
  about: string;
  target?: string;
  ioctl?: string;
  ioctls?: string[];
  on?: 'vm' | 'vcpu' | 'gmem' | 'private_vm';
  absent?: string[];
  /** What a skip says, instead of `absent: about`. */
  lacking?: string;
  vm_type?: string;
  capability?: string;
  gmem_flags?: bigint;
  open?: (typeof OPEN)[number];
  pin?: PinWay;
  /** A parameter of the kvm module, whatever its value. */
  param?: string;
  not?: string;
  /** Another feature, of an earlier record, without which there is nothing to ask. */
  needs?: string;
}

/** Probes written for one feature each. */
const OPEN = ['io_uring', 'memfd_secret', 'mbind', 'thp', 'memory_failure', 'become', 'hypercall'] as const;

/** Whether a feature is there, and why we think so. */
export interface FeatureState {
  present: boolean;
  why: string;
  /** The probe went wrong in a way that says nothing: neither present nor absent, and no run can be trusted. */
  doubt?: string;
}

/** Errnos by which kernels say that they do not have something; any other is no answer. */
const ABSENT = ['EINVAL', 'ENOTTY', 'ENOSYS', 'EOPNOTSUPP', 'ENODEV', 'EPERM'];
/** Where the probe opens a file of its own, also those by which a file is not there. */
const ABSENT_FILE = [...ABSENT, 'ENOENT', 'ENXIO', 'EACCES'];

const WAYS = [
  'target',
  'ioctl',
  'ioctls',
  'vm_type',
  'capability',
  'gmem_flags',
  'open',
  'pin',
  'param',
  'not',
];
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
          ...Object.fromEntries(['id', 'about', 'needs', 'lacking', ...WAYS].map((k) => [k, text])),
          ioctls: { type: 'array', items: text, minItems: 1 },
          on: { enum: ['vm', 'vcpu', 'gmem', 'private_vm'] },
          absent: { type: 'array', items: text },
          gmem_flags: { type: 'integer' },
          open: { enum: [...OPEN] },
          pin: { enum: PIN_WAY_NAMES },
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
    } else if (f.needs !== undefined && states.get(f.needs)?.present !== true) {
      const { why = 'not known' } = states.get(f.needs) ?? {};
      states.set(f.id, { present: false, why: `absent: ${f.about} (${why})` });
    } else if (f.not !== undefined) {
      const other = states.get(f.not);
      states.set(f.id, {
        present: other?.present === false,
        why: `${other?.present ? 'present: ' : ''}${other?.why ?? `feature ${f.not} is not known`}`,
      });
    } else if (f.vm_type !== undefined && arch !== 'x86_64') {
      states.set(f.id, { present: false, why: `absent: ${f.about} (${arch} has no VM types)` });
    } else {
      const { steps, asked } = featureProbe(f, BigInt(pageSize));
      const results = await run(program(`feature/${f.id}`, ...steps));
      states.set(f.id, conclude(f, results, asked));
    }
  }
  return states;
}

/** @param asked how many of the last steps are the questions; those before them make what is asked. */
function conclude(f: Feature, all: readonly StepResult[], asked: number): FeatureState {
  const results = all.map((r) => r.children.at(-1) ?? r);
  const setUp = results.slice(0, -asked);
  const answers = results.slice(-asked);
  const last = results.at(-1);
  const failed = setUp.findIndex((r) => r.errno !== '0');
  const ownFiles = f.open !== undefined || f.pin !== undefined;
  const absent = f.pin === undefined && f.param === undefined ? ABSENT : ABSENT_FILE;
  const refused = ownFiles && absent.some((name) => last?.trouble?.endsWith(`-1 ${name}`));
  if (failed >= 0 || (last?.state !== 'done' && !refused)) {
    const call = setUp[failed];
    // A kernel without the object that is asked has no answer of its own, and needs none.
    if (call && ABSENT.includes(call.errno) && (f.on === 'private_vm' || (f.on === 'gmem' && failed > 0))) {
      return lacks(f, `no ${f.on === 'gmem' ? 'guest_memfd' : 'VM with private memory'}: ${call.errno}`);
    }
    return doubtful(f, call?.calls.at(-1) ?? last?.trouble ?? 'the probe did not run');
  }
  if (!last || refused) return lacks(f, last?.trouble ?? '');
  if (f.ioctl !== undefined || f.ioctls !== undefined) {
    const there = answers.find((r) => !(f.absent ?? []).includes(r.errno));
    if (there) return { present: true, why: `${f.about} (NULL argument: ${there.errno})` };
    return lacks(f, f.lacking === undefined ? `NULL argument: ${last.errno}` : last.errno);
  }
  if (f.capability !== undefined) {
    const value = last.fields['value'] ?? 0n;
    const seen = `${f.capability} is ${value.toString()}`;
    return value === 0n ? lacks(f, seen) : { present: true, why: `${f.about} (${seen})` };
  }
  // A backend that does not run the instruction (kvm_pvm) takes its fault again and again.
  if (f.open === 'hypercall' && last.errno === 'EINTR') return lacks(f, last.trouble ?? last.errno);
  // A way to hold a page that does not is none, whatever the reason.
  if (last.trouble !== undefined)
    return f.pin === undefined ? doubtful(f, last.trouble) : lacks(f, last.trouble);
  if (last.errno === '0') return { present: true, why: f.about };
  return absent.includes(last.errno) ? lacks(f, last.errno) : doubtful(f, last.calls.at(-1) ?? last.errno);
}

function lacks(f: Feature, seen: string): FeatureState {
  return { present: false, why: `${f.lacking ?? `absent: ${f.about}`} (${seen})` };
}

function doubtful(f: Feature, seen: string): FeatureState {
  return {
    present: false,
    why: `not known: ${f.about}`,
    doubt: `feature ${f.id} could not be probed: ${seen}`,
  };
}
