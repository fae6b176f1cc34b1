// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep } from '../program/step.js';
import { verb } from '../program/verbs.js';

const VM_FEATURES: Readonly<Record<string, string>> = {
  sw_protected: 'vm-sw-protected',
  sev: 'vm-sev',
  sev_es: 'vm-sev-es',
  snp: 'vm-snp',
  tdx: 'vm-tdx',
  private_capable: 'vm-private',
};

/** Feature ids that follow from the steps themselves, so that no case has to repeat them. */
export function inferred(steps: readonly PlannedStep[]): string[] {
  return steps.flatMap(({ step, expect }) => {
    const features = [...(verb(step.verb).features ?? [])];
    if (verb(step.verb).hazard) features.push('disposable');
    if (step.verb === 'fork') features.push(...inferred(step.steps));
    const succeeds = expect.errno === undefined || expect.errno === '0';
    if (step.verb === 'create_vm' && step.raw === undefined && succeeds) {
      const feature = VM_FEATURES[step.type];
      if (feature !== undefined) features.push(feature);
    }
    if (step.verb === 'touch' && step.how === 'io_uring_buffer') features.push('io-uring');
    if (step.verb === 'open' && step.kind === 'memfd_secret' && succeeds) features.push('memfd-secret');
    return features;
  });
}
