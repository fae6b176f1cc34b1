// SPDX-License-Identifier: GPL-2.0-only
import { writeFile } from 'node:fs/promises';
import type { RunIdentity } from '../judge/verdict.js';
import { canonicalJson } from './canonical-json.js';
import type { KernelFacts } from './facts.js';
import { relevantOptions } from './kernel-config.js';
import { hashFile, suitesFacts, type SuitesFacts } from './provenance.js';

/** Everything that a verdict may depend on: `environment.json` of a run directory. */
export interface Environment {
  schema: number;
  identity: RunIdentity;
  /** Why this profile: what the probes gave, or that it was asked for. */
  profileReason: string;
  kernel: KernelFacts;
  /** sha256 of files: `kernel` (the booted image), `agent`, and what else the caller names. */
  hashes: Record<string, string>;
  /** What the executor says of itself: accelerator, QEMU version, snapshot, boot time. */
  executor: Record<string, string>;
  suites: SuitesFacts;
  gmemcheck: string;
  node: string;
  startedAt?: string;
}

/** Version of the layout of environment.json. */
export const ENVIRONMENT_SCHEMA = 1;

export interface EnvironmentInput {
  identity: RunIdentity;
  profileReason: string;
  kernel: KernelFacts;
  /** Files to hash, by the name they get; undefined paths (no kernel image on the host) are left out. */
  files: Record<string, string | undefined>;
  executor: Record<string, string>;
  /** Directory of the suites. */
  suites: string;
  /** Version of this program. */
  version: string;
  startedAt?: string;
}

/** Collect the environment of a run. @throws Error when a file to hash cannot be read. */
export async function collectEnvironment(input: EnvironmentInput): Promise<Environment> {
  const { identity, profileReason, kernel, executor, version, startedAt } = input;
  const hashes: Record<string, string> = {};
  for (const [name, path] of Object.entries(input.files)) {
    if (path !== undefined) hashes[name] = await hashFile(path);
  }
  return {
    schema: ENVIRONMENT_SCHEMA,
    identity,
    profileReason,
    kernel,
    hashes,
    executor,
    suites: await suitesFacts(input.suites),
    gmemcheck: version,
    node: process.version,
    ...(startedAt !== undefined && { startedAt }),
  };
}

/** Write `environment.json`: sorted keys, never over an existing file. */
export async function writeEnvironment(path: string, environment: Environment): Promise<void> {
  await writeFile(path, canonicalJson(environment), { flag: 'wx' });
}

/** Facts of an executor that differ between two runs of the same thing: times, places, and whether a snapshot was there already. */
const PASSING = /(ms|seconds|duration|time|boots?|pid|path|dir|file|socket|snapshot)$/i;

/**
 * What of an environment belongs into a committed reference: the same for every run with the same kernel,
 * machine model and tools. No times, paths, commit (a reference cannot name the commit that contains it),
 * build stamps, and of the configuration only what results may depend on.
 */
export function stableEnvironment(environment: Environment): Record<string, unknown> {
  const { schema, identity, profileReason, kernel, hashes, executor, suites, gmemcheck } = environment;
  const { config, kvm, cpu, release, transparentHugepage, numaNodes } = kernel;
  const lasting = Object.entries(executor).filter(
    ([name, value]) => !PASSING.test(name) && !/^[/~]/.test(value),
  );
  return {
    schema,
    identity,
    profileReason,
    kernel: {
      release,
      kvm,
      cpu,
      transparentHugepage,
      numaNodes,
      ...(config && { config: { sha256: config.sha256, options: relevantOptions(config.options) } }),
    },
    hashes,
    executor: Object.fromEntries(lasting),
    suites: { sha256: suites.sha256 },
    gmemcheck,
  };
}
