// SPDX-License-Identifier: GPL-2.0-only
import { CaseError } from './case-error.js';
import { suggestion } from './closest.js';
import type { LoadedSuite } from './load.js';
import type { Path } from './source.js';

/**
 * Features that a suite requires and that do not exist. Without this check a misspelt one would skip its
 * cases on every kernel, for ever.
 * @param known ids of features.yaml
 */
export function unknownFeatures({ raw, source }: LoadedSuite, known: ReadonlySet<string>): CaseError[] {
  const lists: [readonly string[], Path][] = [
    [raw.requires ?? [], ['requires']],
    ...raw.cases.map((c, i): [readonly string[], Path] => [c.requires ?? [], ['cases', i, 'requires']]),
  ];
  return lists.flatMap(([ids, path]) =>
    ids.flatMap((id, i) =>
      known.has(id)
        ? []
        : [
            new CaseError(
              source.place([...path, i]),
              `expected a feature of features.yaml, got '${id}'${suggestion(id, known)}`,
            ),
          ],
    ),
  );
}
