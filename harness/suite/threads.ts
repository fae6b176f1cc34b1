// SPDX-License-Identifier: GPL-2.0-only
import type { PlannedStep } from '../program/step.js';
import { verb } from '../program/verbs.js';
import type { Scope } from './scope.js';
import type { Path } from './source.js';

/** Names that the steps of one thread use, and those that they make. */
interface Names {
  used: ReadonlySet<string>;
  made: ReadonlySet<string>;
}

/**
 * Check what threads share. They may use objects that were there before, and those that they make themselves. A name
 * that one of them makes is nobody else's: which object it stood for would depend on who came first. A vCPU is used by
 * one thread: it executes for one at a time (virt/kvm/kvm_main.c kvm_vcpu_ioctl takes vcpu->mutex), and its registers
 * are set by several calls.
 * @param path of the list of threads
 * @returns for each thread the names that it makes
 * @throws CaseError
 */
export function checkThreads(
  threads: readonly (readonly PlannedStep[])[],
  path: Path,
  scope: Scope,
): ReadonlySet<string>[] {
  const all = threads.map(namesOf);
  for (const [i, { used, made }] of all.entries()) {
    for (const [j, other] of all.entries()) {
      if (i === j) continue;
      const shared = [...made].find((name) => other.made.has(name) || other.used.has(name));
      if (shared !== undefined) {
        throw scope.error(
          [...path, Math.max(i, j)],
          `expected another name than '${shared}', which is made in thread ${i + 1}: what a thread makes is its own`,
        );
      }
      const vcpu = [...used].find((name) => other.used.has(name) && scope.objects.get(name) === 'vcpu');
      if (vcpu !== undefined) {
        throw scope.error(
          [...path, Math.max(i, j)],
          `expected a vCPU for each thread, but '${vcpu}' is used by threads ${Math.min(i, j) + 1} and ${Math.max(i, j) + 1}`,
        );
      }
    }
  }
  return all.map(({ made }) => made);
}

function namesOf(steps: readonly PlannedStep[]): Names {
  const used = new Set<string>();
  const made = new Set<string>();
  for (const { step } of steps) {
    for (const [key, param] of Object.entries(verb(step.verb).params)) {
      const value = (step as unknown as Readonly<Record<string, unknown>>)[key];
      if (typeof value !== 'string') continue;
      if (param.kind === 'new') made.add(value);
      else if (param.kind === 'ref' || param.kind === 'optref') used.add(value);
    }
  }
  return { used, made };
}
