// SPDX-License-Identifier: GPL-2.0-only
import type { RunIdentity } from '../judge/verdict.js';
import { CaseErrors } from '../suite/case-error.js';
import { unknownFeatures } from '../suite/check-requires.js';
import { expandSuite } from '../suite/expand.js';
import type { TestPoint } from '../suite/expand.js';
import { evaluateFeatures, loadFeatures } from '../suite/features.js';
import type { FeatureState } from '../suite/features.js';
import type { LoadedSuite } from '../suite/load.js';
import type { Target } from '../target/target.js';
import { probe } from '../target/probe.js';
import type { Probe } from '../target/probe.js';
import { TargetError } from '../target/executor.js';
import { findProfile } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import { specificationOf } from './specification.js';
import type { Specification } from './specification.js';

/** A target that was opened and asked what it is: everything needed to expand and run suites on it. */
export interface Session {
  target: Target;
  profile: Profile;
  /** Why this profile. */
  profileReason: string;
  probe: Probe;
  features: ReadonlyMap<string, FeatureState>;
  identity: RunIdentity;
  /** Follows traces through the rules of the dialect; the model itself is not judged by itself. */
  specification?: Specification;
}

/**
 * Open a target, find out its dialect and its features.
 * @param profileId the user's choice, which overrides probing
 * @param featuresFile path of features.yaml
 * @throws TargetError when it cannot be opened or no dialect fits
 */
export async function openSession(
  target: Target,
  featuresFile: string,
  profileId?: string,
): Promise<Session> {
  await target.open();
  const found = await probe(target);
  const chosen = profileId === undefined ? found.profile : findProfile(profileId);
  if (!chosen) {
    throw new TargetError(
      `no known dialect fits ${target.name}; choose one with --profile\n${found.reasons.map((r) => `  ${r}`).join('\n')}`,
    );
  }
  const asked = chosen === found.profile ? '' : ` (probing found ${found.profile?.id ?? 'none'})`;
  const profileReason =
    profileId === undefined ? (found.reasons.at(-1) ?? '') : `chosen with --profile${asked}`;
  const { arch, hello } = target;
  const states = await evaluateFeatures(
    loadFeatures(featuresFile),
    target.features,
    arch,
    hello.pageSize,
    async (p) => {
      const trace = await target.run(p, chosen);
      if (trace.crash)
        throw new TargetError(
          `${target.name} crashed while features were probed (${p.id}): ${trace.crash.title}`,
        );
      // Not knowing is not the same as absent, which would skip everything that needs the feature.
      if (trace.cut !== undefined)
        throw new TargetError(`probing ${target.name} for features (${p.id}): ${trace.cut}`);
      return trace.steps;
    },
  );
  const doubt = [...states.values()].find((f) => f.doubt !== undefined)?.doubt;
  // A feature that is taken for absent skips points: that must be the kernel's answer, not a mishap.
  if (doubt !== undefined) throw new TargetError(`${target.name}: ${doubt}`);
  const specification =
    target.evidence === 'kernel'
      ? specificationOf({ arch, profile: chosen, pageSize: hello.pageSize }, presence(states))
      : undefined;
  return {
    target,
    profile: chosen,
    profileReason,
    probe: found,
    features: states,
    identity: {
      target: target.name,
      arch,
      release: hello.release,
      profile: chosen.id,
      pageSize: hello.pageSize,
      evidence: target.evidence,
    },
    ...(specification && { specification }),
  };
}

/** Which features there are, for the specification and for those who judge by it later. */
export const presence = (features: Session['features']): Map<string, boolean> =>
  new Map([...features].map(([id, { present }]) => [id, present]));

/**
 * The points of all suites for a session, in file order.
 * @throws CaseError for what cannot be resolved, CaseErrors for features that do not exist
 */
export function expandAll(suites: readonly LoadedSuite[], session: Session): TestPoint[] {
  const known = new Set(session.features.keys());
  const unknown = suites.flatMap((s) => unknownFeatures(s, known));
  if (unknown.length > 0) throw new CaseErrors(unknown);
  const context = {
    arch: session.target.arch,
    profile: session.profile,
    pageSize: session.target.hello.pageSize,
  };
  return suites.flatMap((s) => expandSuite(s, context));
}
