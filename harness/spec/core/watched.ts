// SPDX-License-Identifier: GPL-2.0-only
import type { Rule } from './rule.js';
import type { RuleBook } from './step.js';
import type { World } from './world.js';

/**
 * The same model, which tells what it cites.
 * @param note called whenever a rule applies, with its id and those of its effects
 */
export function watched(book: RuleBook, note: (ids: readonly string[], world: World) => void): RuleBook {
  const entries = Object.entries(book).map(([verb, rules]) => [
    verb,
    // Which verb it is does not matter here, and the type of the table cannot leave it open.
    (rules as readonly Rule[]).map((rule): Rule => {
      const ids = idsOf(rule);
      const report: Rule['report'] = (view) => {
        note(ids, view.world);
        return rule.report(view);
      };
      return { ...rule, report };
    }),
  ]);
  return Object.fromEntries(entries) as RuleBook;
}

/** The ids that a rule cites: its own, and those that demand its effects. */
export function idsOf(rule: Pick<Rule, 'id' | 'effects'>): readonly string[] {
  return [rule.id, ...rule.effects.map(({ id }) => id)];
}
