// SPDX-License-Identifier: GPL-2.0-only
import type { Rule } from './rule.js';
import type { RuleBook } from './step.js';
import type { World } from './world.js';

type Note = (id: string, world: World) => void;

/**
 * The same model, which tells what it cites: a rule that applies, and an effect that changes something.
 * @param note called with the id and the world each time that a rule applies
 * @param noteEffect called for effects, when not the same
 */
export function watched(book: RuleBook, note: Note, noteEffect: Note = note): RuleBook {
  const entries = Object.entries(book).map(([verb, rules]) => [
    verb,
    // Which verb it is does not matter here, and the type of the table cannot leave it open.
    (rules as readonly Rule[]).map((rule): Rule => ({
      ...rule,
      report: (view) => {
        note(rule.id, view.world);
        return rule.report(view);
      },
      effects: rule.effects.map((e) => ({
        id: e.id,
        apply: (view) => {
          const next = e.apply(view);
          if (next !== view.state) noteEffect(e.id, view.world);
          return next;
        },
      })),
    })),
  ]);
  return Object.fromEntries(entries) as RuleBook;
}

/** The ids that a rule cites: its own, and those that demand its effects. */
export function idsOf(rule: Pick<Rule, 'id' | 'effects'>): readonly string[] {
  return [rule.id, ...rule.effects.map(({ id }) => id)];
}
