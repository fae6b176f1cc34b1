// SPDX-License-Identifier: GPL-2.0-only
import { PIN_WAYS } from '../program/pin-ways.js';
import type { PlannedStep, Step } from '../program/step.js';
import { verb } from '../program/verbs.js';

const VM_FEATURES: Readonly<Record<string, string>> = {
  sw_protected: 'vm-sw-protected',
  sev: 'vm-sev',
  sev_es: 'vm-sev-es',
  snp: 'vm-snp',
  tdx: 'vm-tdx',
  private_capable: 'vm-private',
};

/** Files of the machine itself: an operation on one of them can do lasting damage outside of the program. */
const SHARED_FILES: ReadonlySet<string> = new Set(['directory', 'path', 'null', 'zero', 'proc_self_mem']);

/** Bytes that a case may make a kernel allocate at once that is not its own. */
const MAX_BYTES = 256n << 20n;
const FALLOC_FL_PUNCH_HOLE = 2n;
/** MADV_HWPOISON and MADV_SOFT_OFFLINE take pages of the machine out of use. */
const POISONS: ReadonlySet<bigint> = new Set([100n, 101n]);
const MAP_POPULATE_OR_LOCKED = 0xa000n;

/** Feature ids that follow from the steps themselves, so that no case has to repeat them. */
export function inferred(steps: readonly PlannedStep[], shared = new Set<string>()): string[] {
  return steps.flatMap(({ step, expect }) => {
    const features = [...(verb(step.verb).features ?? [])];
    if (verb(step.verb).hazard || damages(step, shared)) features.push('disposable');
    if (step.verb === 'fork') features.push(...inferred(step.steps, new Set(shared)));
    if (step.verb === 'parallel') features.push(...step.threads.flatMap((t) => inferred(t, shared)));
    const succeeds = expect.errno === undefined || expect.errno === '0';
    if (step.verb === 'create_vm' && step.raw === undefined && succeeds) {
      const feature = VM_FEATURES[step.type];
      if (feature !== undefined) features.push(feature);
    }
    if (step.verb === 'touch' && step.how === 'io_uring_buffer') features.push('io-uring');
    if (step.verb === 'pin') {
      const feature = PIN_WAYS[step.how];
      if (feature !== undefined) features.push(feature);
    }
    if (step.verb === 'open' && step.kind === 'memfd_secret' && succeeds) features.push('memfd-secret');
    return features;
  });
}

/** Whether a step could harm a machine that is not ours; notes which objects are files of the machine. */
function damages(step: Step, shared: Set<string>): boolean {
  switch (step.verb) {
    case 'open':
      if (SHARED_FILES.has(step.kind)) shared.add(step.as);
      else shared.delete(step.as);
      return false;
    case 'dup':
      if (shared.has(step.on)) shared.add(step.as);
      return false;
    case 'ioctl':
    case 'fd_op':
      return shared.has(step.on);
    case 'fallocate':
      return shared.has(step.on) || (step.length > MAX_BYTES && (step.mode & FALLOC_FL_PUNCH_HOLE) === 0n);
    case 'touch':
      return step.length > MAX_BYTES;
    case 'map_op':
      if (step.op === 'madvise' && POISONS.has(step.arg)) return true;
      return step.length > MAX_BYTES && (step.op === 'mlock' || step.op === 'madvise');
    case 'mmap':
      return step.length > MAX_BYTES && ((step.flags ?? 0n) & MAP_POPULATE_OR_LOCKED) !== 0n;
    default:
      return false;
  }
}
