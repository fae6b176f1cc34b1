// SPDX-License-Identifier: GPL-2.0-only
import { ARCHES } from '../uapi/arch.js';
import { PROFILES, profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import type { Context } from './scope.js';

/** A context to expand a suite for, and the profiles for which the result is the same. */
export interface DistinctContext extends Context {
  profiles: readonly Profile[];
}

/** Page sizes that expressions must hold for, bytes. */
const PAGE_SIZES = [4096, 16384, 65536];

/** Words of a suite that may name profiles, and words that may be constants. */
const KEY = /\bd\d[\w.-]*/g;
const NAME = /[A-Za-z_]\w*/g;

const CONSTANT_NAMES = new Set(PROFILES.flatMap((p) => Object.keys(p.constants)));

/**
 * The contexts that a suite has to be expanded for so that every architecture, profile and page size is seen.
 * Profiles under which all words of its text mean the same are one context: there are eight dialects, and
 * most suites speak of two or three kinds of them.
 */
export function distinctContexts(text: string): DistinctContext[] {
  const keys = [...new Set(text.match(KEY))].filter((w) => profilesOf(w).length > 0);
  const names = [...new Set(text.match(NAME))].filter((w) => CONSTANT_NAMES.has(w));
  const classes = new Map<string, Profile[]>();
  for (const profile of PROFILES) {
    const meaning = [
      ...keys.map((key) => profilesOf(key).includes(profile)),
      ...names.map((name) => String(profile.constants[name])),
    ].join(' ');
    classes.set(meaning, [...(classes.get(meaning) ?? []), profile]);
  }
  return ARCHES.flatMap((arch) =>
    [...classes.values()].flatMap((profiles, i) => {
      const [profile] = profiles;
      if (!profile) return [];
      // Aarch64 alone has page sizes other than 4 KiB; what they do to a number no profile changes.
      const first = arch === 'aarch64' && (i === 0 || i === classes.size - 1);
      const sizes = first ? PAGE_SIZES : PAGE_SIZES.slice(0, 1);
      return sizes.map((pageSize) => ({ arch, profile, pageSize, profiles }));
    }),
  );
}
