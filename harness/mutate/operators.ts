// SPDX-License-Identifier: GPL-2.0-only
import type { VerbName } from '../program/verbs.js';
import { verb } from '../program/verbs.js';
import { always } from '../spec/core/rule.js';
import type { Effect, Rule, View } from '../spec/core/rule.js';
import type { Report } from '../spec/core/outcome.js';
import type { RuleBook } from '../spec/core/step.js';
import type { Reads } from './reads.js';

/** The model with one thing wrong. */
export interface Mutant {
  /** `set_attributes/gmem.attr.size-zero-einval/drop`: verb, rule (numbered when it is there twice), change. */
  readonly id: string;
  readonly verb: VerbName;
  /** Place of the rule among those of its verb: programs that never come to it cannot tell. */
  readonly index: number;
  readonly book: RuleBook;
}

/** Changes of a number: one more and one less, a page more and less, and bytes taken for pages. */
const NUMBERS: readonly (readonly [name: string, change: (n: bigint, page: bigint) => bigint])[] = [
  ['plus-1', (n) => n + 1n],
  ['minus-1', (n) => n - 1n],
  ['plus-page', (n, page) => n + page],
  ['minus-page', (n, page) => n - page],
  ['in-pages', (n, page) => n / page],
];

/**
 * Every mutant of a rule book: each rule dropped, negated, with another errno, and with every number that it
 * looks at off by one, off by a page and in the wrong unit; each of its effects dropped, or acting on such
 * numbers; each number that it reports off by one and in the wrong unit.
 * @param reads which parameters each part of each rule looks at, and which fields it reports
 */
export function mutants(book: RuleBook, reads: Reads): Mutant[] {
  return (Object.keys(book) as VerbName[]).flatMap((name) => {
    const rules: readonly Rule[] = rulesOf(book, name);
    return rules.flatMap((rule, index) => {
      const seen = rules.slice(0, index).filter((r) => r.id === rule.id).length;
      const label = `${name}/${rule.id}${seen > 0 ? `#${seen + 1}` : ''}`;
      return variants(name, rule, index, reads).map(([change, mutated]): Mutant => ({
        id: `${label}/${change}`,
        verb: name,
        index,
        book: { ...book, [name]: rules.flatMap((r, i) => (i === index ? mutated : [r])) },
      }));
    });
  });
}

type Variant = readonly [change: string, rules: readonly Rule[]];

function variants(name: VerbName, rule: Rule, index: number, reads: Reads): Variant[] {
  const all: Variant[] = [['drop', []]];
  if (rule.when !== always) all.push(['negate', [{ ...rule, when: (view) => !rule.when(view) }]]);
  all.push(['errno', [{ ...rule, errno: otherErrno(rule.errno) }]]);
  for (const param of reads.params(name, index, 'when')) {
    for (const [change, apply] of NUMBERS) {
      all.push([
        `when-${param}-${change}`,
        [{ ...rule, when: (view) => rule.when(seeing(view, param, apply)) }],
      ]);
    }
  }
  for (const field of reads.fields(name, index)) {
    for (const [change, apply] of NUMBERS) {
      if (change.endsWith('-page')) continue;
      const report = (view: View): Report => altered(rule.report(view), field, (n) => apply(n, page(view)));
      all.push([`report-${field}-${change}`, [{ ...rule, report }]]);
    }
  }
  rule.effects.forEach((e, i) => {
    const others = (changed: readonly Effect[]): readonly Rule[] => [
      { ...rule, effects: rule.effects.flatMap((old, n) => (n === i ? changed : [old])) },
    ];
    const label = `effect-${i + 1}`;
    all.push([`${label}-drop`, others([])]);
    for (const param of reads.params(name, index, i)) {
      for (const [change, apply] of NUMBERS) {
        all.push([
          `${label}-${param}-${change}`,
          others([{ ...e, apply: (view) => e.apply(seeing(view, param, apply)) }]),
        ]);
      }
    }
  });
  return all;
}

const page = ({ world }: View): bigint => BigInt(world.pageSize);

/** Another errno than the right one, the same each time. */
const otherErrno = (errno: string): string => (errno === 'EINVAL' ? 'EPERM' : 'EINVAL');

/** A view in which one number of the step is another. */
function seeing(view: View, param: string, apply: (n: bigint, page: bigint) => bigint): View {
  const value = (view.step as unknown as Readonly<Record<string, unknown>>)[param];
  if (typeof value !== 'bigint') return view;
  return { ...view, step: { ...view.step, [param]: apply(value, page(view)) } };
}

function altered(report: Report, field: string, apply: (n: bigint) => bigint): Report {
  const value = report[field];
  if (value === undefined || value === 'any') return report;
  return { ...report, [field]: typeof value === 'bigint' ? apply(value) : value.map(apply) };
}

/** The rules of a verb, which a mutant may have lost all of. */
export function rulesOf(book: RuleBook, name: VerbName): readonly Rule[] {
  return (book[name] ?? []) as readonly Rule[];
}

/** Parameters of a verb that are numbers. */
export function numbersOf(name: VerbName): string[] {
  return Object.entries(verb(name).params).flatMap(([key, param]) =>
    param.kind === 'num' || param.kind === 'optnum' ? [key] : [],
  );
}
