// SPDX-License-Identifier: GPL-2.0-only
import type { RunIdentity } from '../judge/verdict.js';
import { CaseErrors } from '../suite/case-error.js';
import { unknownFeatures } from '../suite/check-requires.js';
import { expandSuite } from '../suite/expand.js';
import type { Program } from '../program/step.js';
import type { Trace } from '../program/trace.js';
import { START } from '../spec/core/state.js';
import { track } from '../spec/core/track.js';
import type { Tracked } from '../spec/core/track.js';
import { worldOf } from '../spec/core/world.js';
import { RULES } from '../spec/rules/index.js';
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
  specification?: (program: Program, trace: Trace) => Tracked;
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
  const specification = target.evidence === 'kernel' ? specificationOf(target, chosen, states) : undefined;
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

/** The rules of a dialect for a kernel with these features. */
function specificationOf(
  { arch, hello }: Target,
  profile: Profile,
  features: ReadonlyMap<string, FeatureState>,
): NonNullable<Session['specification']> {
  const given = new Map([...features].map(([id, { present }]): [string, boolean] => [id, present]));
  const world = worldOf(profile, arch, hello.pageSize, given);
  return (program, trace) => track(RULES, world, [START], program.steps, trace.steps);
}

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
