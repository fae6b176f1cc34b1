// SPDX-License-Identifier: GPL-2.0-only
import { ARCHES } from '../uapi/arch.js';
import type { Arch } from '../uapi/arch.js';
import { ARCH_CONSTANTS } from '../uapi/constants.js';
import { PROFILES, profilesOf } from '../uapi/profiles/index.js';
import type { Profile } from '../uapi/profiles/index.js';
import type { Context } from './scope.js';

/** A context to expand a case for, and those for which the result is the same, itself included. */
export interface DistinctContext extends Context {
  same: readonly { arch: Arch; profile: Profile }[];
}

/** Page size of every architecture, bytes. */
export const SMALLEST_PAGE = 4096;
/** Further page sizes, which aarch64 alone has, bytes. */
const LARGE_PAGES = [16384, 65536];

const ARCH_WORDS = new Set<string>([
  ...ARCHES,
  ...ARCHES.flatMap((arch) => Object.keys(ARCH_CONSTANTS[arch])),
]);
const CONSTANT_NAMES = new Set(PROFILES.flatMap((p) => Object.keys(p.constants)));

/** Words of plain data: names in expressions, keys, and profiles by id, ordinal or range (`d3..d8`). */
export function wordsOf(data: unknown, into = new Set<string>()): Set<string> {
  if (typeof data === 'string') {
    if (profilesOf(data).length > 0) return into.add(data);
    for (const word of data.match(/[A-Za-z_]\w*/g) ?? []) into.add(word);
  } else if (typeof data === 'object' && data !== null) {
    for (const [key, value] of Object.entries(data)) {
      if (!Array.isArray(data)) wordsOf(key, into);
      wordsOf(value, into);
    }
  }
  return into;
}

/**
 * The contexts that a case has to be expanded for so that every architecture, profile and page size is seen.
 * Those in which all its words mean the same are one: there are eight dialects, and most cases speak of one or
 * two kinds of them.
 */
export function distinctContexts(words: ReadonlySet<string>): DistinctContext[] {
  const keys = [...words].filter((w) => profilesOf(w).length > 0);
  const names = [...words].filter((w) => CONSTANT_NAMES.has(w));
  const byArch = [...words].some((w) => ARCH_WORDS.has(w));
  const classes = new Map<string, { arch: Arch; profile: Profile }[]>();
  for (const arch of ARCHES) {
    for (const profile of PROFILES) {
      const meaning = [
        byArch ? arch : '',
        ...keys.map((key) => profilesOf(key).includes(profile)),
        ...names.map((name) => String(profile.constants[name])),
      ].join(' ');
      classes.set(meaning, [...(classes.get(meaning) ?? []), { arch, profile }]);
    }
  }
  const contexts = [...classes.values()].flatMap((same) => {
    const [first] = same;
    return first ? [{ ...first, pageSize: SMALLEST_PAGE, same }] : [];
  });
  if (!words.has('page_size')) return contexts;
  // What a page size does to a number no profile changes: one class of either kind will do.
  const aarch64 = contexts.filter((c) => c.same.some(({ arch }) => arch === 'aarch64'));
  const asked = new Set([aarch64[0], aarch64.at(-1)]);
  const large = [...asked].flatMap((c) =>
    c ? LARGE_PAGES.map((pageSize) => ({ ...c, arch: 'aarch64' as const, pageSize, same: [] })) : [],
  );
  return [...contexts, ...large];
}
