// SPDX-License-Identifier: GPL-2.0-only
import { CaseError } from './case-error.js';
import { suggestion } from './closest.js';
import type { LoadedSuite } from './load.js';
import type { RuleBook } from './rules.js';
import type { Path } from './source.js';

/**
 * Rules that a suite claims to hold and that do not exist: nobody would miss the one that was meant.
 * @param known ids of rules.yaml
 */
export function unknownRules({ raw, source }: LoadedSuite, known: ReadonlySet<string>): CaseError[] {
  const lists: [readonly string[], Path][] = [
    [raw.rules ?? [], ['rules']],
    ...raw.cases.map((c, i): [readonly string[], Path] => [c.rules ?? [], ['cases', i, 'rules']]),
  ];
  return lists.flatMap(([ids, path]) =>
    ids.flatMap((id, i) => {
      if (known.has(id)) return [];
      const problem = `expected a rule of rules.yaml, got '${id}'${suggestion(id, known)}`;
      return [new CaseError(source.place([...path, i]), problem)];
    }),
  );
}

/** Rules whose case for other machines does not exist. */
export function missingCases({ rules, source }: RuleBook, suites: readonly LoadedSuite[]): CaseError[] {
  const known = new Set(suites.flatMap(({ raw }) => raw.cases.map((c) => `${raw.suite}/${c.id}`)));
  return rules.flatMap(({ unreachable }, i) => {
    if (!unreachable || known.has(unreachable.case)) return [];
    const problem = `expected a case, got '${unreachable.case}'${suggestion(unreachable.case, known)}`;
    return [new CaseError(source.place(['rules', i, 'unreachable', 'case']), problem)];
  });
}
