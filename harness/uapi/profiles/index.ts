// SPDX-License-Identifier: GPL-2.0-only
import {
  KVM_GMEM_CONVERT_PRIVATE,
  KVM_GMEM_CONVERT_SHARED,
  KVM_SET_MEMORY_ATTRIBUTES2,
  KVM_SET_MEMORY_ATTRIBUTES2_RFC1,
} from './common.js';
import { d0Mainline } from './d0-mainline.js';
import { d1 } from './d1-convert-ioctls.js';
import { d3 } from './d3-rfc2.js';
import { d4 } from './d4-content-flags.js';
import { d5 } from './d5-gmem-only.js';
import { d6 } from './d6-v7.js';
import { d7 } from './d7-v8.js';
import { d8 } from './d8-7.4.js';
import type { Profile } from './profile.js';
import { selectProfiles } from './select.js';

export { ageRemark } from './profile.js';
export { CONVERSION_REQUESTS, REQUEST_NAMES } from './requests.js';
export type { RequestName } from './requests.js';
export type { ConversionWay, Profile, ProfileProbe } from './profile.js';

/** All dialects this version knows, oldest first. Dialect 2 (RFC v1) was superseded before anyone shipped it. */
export const PROFILES: readonly Profile[] = [d0Mainline, d1, d3, d4, d5, d6, d7, d8];

/** Every conversion command that any posting of the series used; the functional probe tries them all. */
export const CONVERSION_COMMANDS: readonly { name: string; cmd: bigint }[] = [
  { name: 'KVM_SET_MEMORY_ATTRIBUTES2 (128 bytes)', cmd: KVM_SET_MEMORY_ATTRIBUTES2 },
  { name: 'KVM_SET_MEMORY_ATTRIBUTES2 (RFC v1, 64 bytes)', cmd: KVM_SET_MEMORY_ATTRIBUTES2_RFC1 },
  { name: 'KVM_GMEM_CONVERT_SHARED', cmd: KVM_GMEM_CONVERT_SHARED },
  { name: 'KVM_GMEM_CONVERT_PRIVATE', cmd: KVM_GMEM_CONVERT_PRIVATE },
];

/** The profiles that a key of a case names: `d3-rfc2`, `d3`, `d3..d8`; empty when it names none. */
export function profilesOf(key: string): readonly Profile[] {
  return selectProfiles(key, PROFILES);
}

/** The profile called `id`, or of ordinal `id` (`d3`); undefined when there is none. */
export function findProfile(id: string): Profile | undefined {
  const found = profilesOf(id);
  return found.length === 1 ? found[0] : undefined;
}
