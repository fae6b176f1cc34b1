// SPDX-License-Identifier: GPL-2.0-only
import type { TestPoint } from '../suite/expand.js';
import { DIALECTS_OF_FEATURE } from '../suite/rule-coverage.js';
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { PROFILES, profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';

/**
 * Whether there is a dialect on an architecture. The whole series is about VMs whose memory can be private, of
 * which x86 alone has a kind that needs no firmware; elsewhere its kernels are as mainline is.
 */
const exists = (arch: Arch, profile: Profile): boolean => arch === 'x86_64' || profile.dialect === 0;

/**
 * Every architecture with every dialect that there is of it, oldest first. The model does the same every time, so that
 * steps that run several times do so twice: the second time begins where the first one ended.
 */
export function contextsOfModel(): { arch: Arch; profile: Profile; times: number }[] {
  return [...ARCHES]
    .reverse()
    .flatMap((arch) =>
      PROFILES.filter((profile) => exists(arch, profile)).map((profile) => ({ arch, profile, times: 2 })),
    );
}

/** Whether a point holds in a dialect, of a kernel that can have what it requires. */
export function comparable(point: TestPoint, profile: Profile): boolean {
  if (point.skip) return false;
  return point.requires.every((id) => {
    const dialects = DIALECTS_OF_FEATURE[id];
    return dialects === undefined || profilesOf(dialects).includes(profile);
  });
}
