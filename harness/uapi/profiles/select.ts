// SPDX-License-Identifier: GPL-2.0-only
import type { Profile } from './profile.js';

const ORDINALS = /^d(\d)(?:\.\.d(\d))?$/;

/**
 * The profiles that a key names: a full id (`d3-rfc2`), an ordinal (`d3`), or ordinals from one to another
 * (`d3..d8`). Empty when it names none, and for a range that runs backwards.
 */
export function selectProfiles(key: string, all: readonly Profile[]): readonly Profile[] {
  const [, from, to = from] = ORDINALS.exec(key) ?? [];
  if (from === undefined) return all.filter((p) => p.id === key);
  const [first, last] = [Number(from), Number(to)];
  const inside = (n: number): boolean => all.some((p) => p.dialect === n);
  // An end that no profile has would be a typing mistake, or a dialect that this version does not know.
  if (!inside(first) || !inside(last)) return [];
  return all.filter((p) => p.dialect >= first && p.dialect <= last);
}
