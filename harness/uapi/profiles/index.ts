// SPDX-License-Identifier: GPL-2.0-only
import { ioc } from '../ioctl.js';
import { d0Mainline } from './d0-mainline.js';
import { d8 } from './d8-7.4.js';
import type { Profile } from './profile.js';

export { ageRemark } from './profile.js';
export type { Profile, ProfileProbe } from './profile.js';

/** All dialects this version knows, oldest first. */
export const PROFILES: readonly Profile[] = [d0Mainline, d8];

/** Every conversion command that any posting of the series used; the functional probe tries them all. */
export const CONVERSION_COMMANDS: readonly { name: string; cmd: bigint }[] = [
  { name: 'KVM_SET_MEMORY_ATTRIBUTES2 (128 bytes)', cmd: ioc('readwrite', 0xae, 0xd2, 128) },
  { name: 'KVM_SET_MEMORY_ATTRIBUTES2 (RFC v1, 64 bytes)', cmd: ioc('readwrite', 0xae, 0xd6, 64) },
  { name: 'KVM_GMEM_CONVERT_SHARED', cmd: ioc('readwrite', 0xaf, 0x41, 64) },
  { name: 'KVM_GMEM_CONVERT_PRIVATE', cmd: ioc('readwrite', 0xaf, 0x42, 64) },
];

/** The profile called `id`, undefined when there is none. */
export function findProfile(id: string): Profile | undefined {
  return PROFILES.find((p) => p.id === id);
}
