// SPDX-License-Identifier: GPL-2.0-only
import type { Arch } from '../../uapi/arch.js';
import type { Profile } from '../../uapi/profiles/index.js';

/** What does not change while a program runs: the machine, the dialect, how the kernel was built. */
export interface World {
  readonly arch: Arch;
  readonly profile: Profile;
  /** 0 for mainline, 8 for the interface as applied; `dialect >= 7` reads better than a profile's id. */
  readonly dialect: number;
  /** Bytes. */
  readonly pageSize: number;
  /** Whether other threads run steps in the same moment, with what their references and faults may do. */
  readonly concurrent?: boolean;
  /** Whether the kernel, the machine and the target have a feature of suites/features.yaml. */
  has(feature: string): boolean;
}

/**
 * Features that differ between kernels of one dialect, with what the kernels of our recipes have; those that
 * follow from dialect and architecture are in `byDialect`. A feature `no-x` is the absence of `x`.
 */
const USUAL: Readonly<Record<string, boolean>> = {
  'vm-sev': false,
  'vm-sev-es': false,
  'vm-snp': false,
  'vm-tdx': false,
  'arm-mte': false,
  'coco-launch': false,
  'failing-allocations': false,
  'parallel-steps': true,
  pkvm: false,
  'timer-signal': false,
};

/** Features that no machine of another architecture has. */
const X86_ONLY: ReadonlySet<string> = new Set([
  'conversion',
  'vm-attributes',
  'vm-private',
  'vm-sw-protected',
  'smm',
  'pre-fault',
  'pre-fault-tdp',
  'exit-hypercall',
  'guest-hypercall',
  'compat',
]);

/** Whether no machine of an architecture has all of these features. */
export const existsNowhere = (arch: Arch, requires: readonly string[]): boolean =>
  arch !== 'x86_64' && requires.some((feature) => X86_ONLY.has(feature));

/** Features that `byDialect` says something of. */
export const OF_DIALECT: ReadonlySet<string> = new Set([
  'conversion',
  'in-place-parameter',
  'vm-attributes',
  'vm-attributes2',
  'vm-attributes-parameter',
]);

function byDialect(feature: string, arch: Arch, dialect: number, has: (other: string) => boolean): boolean {
  const x86 = arch === 'x86_64';
  switch (feature) {
    case 'conversion':
      return x86 && dialect >= 1;
    case 'vm-attributes':
      // Files keep the state from dialect 3 on; until dialect 6 the command of VMs is gone with that.
      return x86 && !(has('conversion') && dialect >= 3 && dialect <= 6);
    case 'in-place-parameter':
      // v8 had it wherever memory can be private, the applied code has it where there is something to switch to.
      return x86 && (dialect === 7 || (dialect === 8 && has('vm-attributes')));
    case 'vm-attributes2':
    case 'vm-attributes-parameter':
      return false;
    default:
      return X86_ONLY.has(feature) ? x86 : (USUAL[feature] ?? true);
  }
}

/** What a dialect decides, whatever a kernel seems to have: one that answers otherwise does not speak it. */
const DECIDED: ReadonlySet<string> = new Set(['conversion', 'no-conversion']);

/**
 * The world of a dialect.
 * @param given features that are known to be there or not; the rest is as in the kernels of our recipes
 */
export function worldOf(
  profile: Profile,
  arch: Arch,
  pageSize: number,
  given: ReadonlyMap<string, boolean> = new Map(),
): World {
  const dialect = profile.dialect;
  const known = (feature: string): boolean | undefined =>
    DECIDED.has(feature) ? undefined : given.get(feature);
  const plain = (feature: string): boolean => known(feature) ?? byDialect(feature, arch, dialect, plain);
  return {
    arch,
    profile,
    dialect,
    pageSize,
    has: (feature) =>
      known(feature) ?? (feature.startsWith('no-') ? !plain(feature.slice(3)) : plain(feature)),
  };
}

/** The features that a case requires as what is given: `no-x` means that `x` is not there. */
export function givenBy(requires: readonly string[]): Map<string, boolean> {
  return new Map(
    requires.map((id): [string, boolean] => (id.startsWith('no-') ? [id.slice(3), false] : [id, true])),
  );
}
