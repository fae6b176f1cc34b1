// SPDX-License-Identifier: GPL-2.0-only
import type { VerbName } from '../program/verbs.js';
import type { Rule, View } from '../spec/core/rule.js';
import type { RuleBook } from '../spec/core/step.js';
import { numbersOf, rulesOf } from './operators.js';

/** Part of a rule: its condition, or one of its effects. */
export type Part = 'when' | number;

/** A rule that was asked whether it applies. */
export interface Met {
  readonly verb: VerbName;
  readonly index: number;
  readonly view: View;
}

/** What rules look at and report, as far as programs that ran on a watched rule book showed it. */
export class Reads {
  private readonly seen = new Map<string, Set<string>>();
  private readonly reached = new Set<string>();
  private readonly applied = new Set<string>();
  private met: Met[] | undefined;

  /** Numbers of the step that a part of a rule looks at, sorted. */
  params(verb: VerbName, index: number, part: Part): string[] {
    return [...(this.seen.get(`${verb} ${index} ${part}`) ?? [])].sort();
  }

  /** Numbers that rules report which do so like this one, the first of them; sorted. */
  fields(verb: VerbName, index: number): string[] {
    return [...(this.seen.get(`${verb} ${index} report`) ?? [])].sort();
  }

  /**
   * Keep what rules are asked from now on.
   * @param met gets it
   */
  keep(met: Met[]): void {
    this.met = met;
  }

  /** Rules that were come to, and those that decided, since the last call; as `verb index`. */
  take(): { reached: string[]; applied: string[] } {
    const all = { reached: [...this.reached], applied: [...this.applied] };
    this.reached.clear();
    this.applied.clear();
    return all;
  }

  /** The same rules, watched. */
  watched(book: RuleBook): RuleBook {
    return Object.fromEntries(
      (Object.keys(book) as VerbName[]).map((name) => [
        name,
        rulesOf(book, name).map((rule, index, all) => {
          const first = all.findIndex((r) => r.report === rule.report);
          return this.watchedRule(name, rule, index, first);
        }),
      ]),
    );
  }

  /** @param first of the rules that report in the same way */
  private watchedRule(name: VerbName, rule: Rule, index: number, first: number): Rule {
    const numbers = new Set(numbersOf(name));
    const place = `${name} ${index}`;
    return {
      ...rule,
      when: (view) => {
        this.reached.add(place);
        this.met?.push({ verb: name, index, view });
        return rule.when(this.watchedView(view, numbers, `${place} when`));
      },
      report: (view) => {
        this.applied.add(place);
        const report = rule.report(view);
        for (const [field, value] of Object.entries(report)) {
          if (value !== 'any') this.note(`${name} ${first} report`, field);
        }
        return report;
      },
      effects: rule.effects.map((e, i) => ({
        ...e,
        apply: (view) => e.apply(this.watchedView(view, numbers, `${place} ${i}`)),
      })),
    };
  }

  private watchedView(view: View, numbers: ReadonlySet<string>, key: string): View {
    const step = new Proxy(view.step, {
      get: (target, property): unknown => {
        if (typeof property === 'string' && numbers.has(property)) this.note(key, property);
        return Reflect.get(target, property);
      },
    });
    return { ...view, step };
  }

  private note(key: string, value: string): void {
    const set = this.seen.get(key) ?? new Set<string>();
    this.seen.set(key, set.add(value));
  }
}
