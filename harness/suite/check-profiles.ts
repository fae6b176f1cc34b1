// SPDX-License-Identifier: GPL-2.0-only
import { profilesOf } from '../uapi/profiles/index.js';
import { CaseError } from './case-error.js';
import type { RawSuite } from './raw.js';
import type { Path, Source } from './source.js';

/**
 * Keys of `profiles` lists that name no profile, as a range that runs backwards does: what holds for nothing
 * would skip for ever.
 */
export function emptyProfileKeys(raw: RawSuite, source: Source): CaseError[] {
  const lists: [readonly string[] | undefined, Path][] = [
    [raw.profiles, ['profiles']],
    ...raw.cases.flatMap((c, i): [readonly string[] | undefined, Path][] => [
      [c.profiles, ['cases', i, 'profiles']],
      [c.xfail?.profiles, ['cases', i, 'xfail', 'profiles']],
    ]),
  ];
  return lists.flatMap(([keys = [], path]) =>
    keys.flatMap((key, i) =>
      profilesOf(key).length > 0
        ? []
        : [new CaseError(source.place([...path, i]), `expected profiles, '${key}' names none`)],
    ),
  );
}
