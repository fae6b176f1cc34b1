// SPDX-License-Identifier: GPL-2.0-only
import type { RequestName } from './requests.js';

export type RequestAnswer = '0' | 'EINVAL' | 'EOPNOTSUPP';

/**
 * One dialect of the interface: what its headers say and which rules hold. Data only. Numbers that moved
 * between postings live here and nowhere else.
 */
export interface Profile {
  id: string;
  /** One line: which kernels speak it. */
  about: string;
  /** Where the facts come from: kernel files, commit ids, message-ids. */
  sources: readonly string[];
  /** The kernel whose behaviour the cases of this profile were measured against, as [major, minor]. */
  kernel: readonly [number, number];
  /** Ordinal of the dialect, D0 … D8. */
  dialect: number;
  /** What `convert` becomes: a range converted and its contents kept. */
  conversion: ConversionWay;
  /** Names that cases may use under this profile, on top of the common constants. */
  constants: Readonly<Record<string, bigint>>;
  /** How a kernel that speaks this dialect answers the functional probes. */
  probe: ProfileProbe;
}

/** The ioctl by which a dialect converts. */
export type ConversionWay =
  /** KVM_GMEM_CONVERT_SHARED and KVM_GMEM_CONVERT_PRIVATE with struct kvm_gmem_convert. */
  | { kind: 'convert-ioctls' }
  /** KVM_SET_MEMORY_ATTRIBUTES2 with these flags. */
  | { kind: 'attributes2'; flags: bigint };

/**
 * A conversion command with a NULL argument on a guest_memfd fd tells without side effect whether it is
 * there: ENOTTY = absent or switched off, EFAULT = present (it tried to read the argument).
 */
export interface ProfileProbe {
  /** Conversion commands that must answer as given. Commands not named must answer ENOTTY. */
  commands: readonly { cmd: bigint; answer: 'ENOTTY' | 'EFAULT' }[];
  /** Errno of each request (requests.ts), for dialects whose command takes them. */
  requests?: Readonly<Record<RequestName, RequestAnswer>>;
  /** Capability whose value on a private-capable VM must be `value`, once all of the above agree. */
  capability?: { number: bigint; value: bigint };
}

/**
 * A remark for runs on a kernel older than the one that a profile describes: what differs there may be a
 * mistake that was corrected since, and is still true of that kernel.
 * @param release as uname gives it
 */
export function ageRemark(profile: Profile, release: string): string | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  const [wantedMajor, wantedMinor] = profile.kernel;
  const older = Number(major) < wantedMajor || (Number(major) === wantedMajor && Number(minor) < wantedMinor);
  const name = `${wantedMajor}.${wantedMinor}`;
  return older
    ? `${profile.id} describes Linux ${name}; ${release} is older, and what differs may have been corrected since`
    : undefined;
}
