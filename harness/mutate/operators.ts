// SPDX-License-Identifier: GPL-2.0-only
import type { VerbName } from '../program/verbs.js';
import { verb } from '../program/verbs.js';
import { always } from '../spec/core/rule.js';
import type { Effect, Rule, View } from '../spec/core/rule.js';
import type { AllowedFault, Report } from '../spec/core/outcome.js';
import { UNSPECIFIED } from '../spec/core/step.js';
import type { RuleBook } from '../spec/core/step.js';
import type { Reads } from './reads.js';

/** The model with one thing wrong. */
export interface Mutant {
  /** `set_attributes/gmem.attr.size-zero-einval/drop`: verb, rule (numbered when it is there twice), change. */
  readonly id: string;
  readonly verb: VerbName;
  /** Id of the rule, of the first of several. */
  readonly rule: string;
  /** Places of the changed rules among those of their verb. */
  readonly places: readonly number[];
  /**
   * Which programs can tell: those in which a changed rule decides; or, where its condition changed, all that come
   * to it.
   */
  readonly told: 'applied' | 'reached';
  /** The field that is reported otherwise: only who names it can tell. */
  readonly field?: string;
  /** An effect is another, or is gone. */
  readonly effect?: true;
  readonly book: RuleBook;
}

type Alteration = readonly [name: string, change: (n: bigint, page: bigint) => bigint];

/** Changes of any number. */
const COUNTS: readonly Alteration[] = [
  ['plus-1', (n) => n + 1n],
  ['minus-1', (n) => n - 1n],
];
/** Changes of a number of bytes: a page more or less, and bytes taken for pages. */
const BYTES: readonly Alteration[] = [
  ...COUNTS,
  ['plus-page', (n, page) => n + page],
  ['minus-page', (n, page) => n - page],
  ['in-pages', (n, page) => n / page],
];
/** Out fields that are bytes. */
const BYTE_FIELDS: ReadonlySet<string> = new Set([
  'error_offset',
  'offset',
  'size',
  'gpa',
  'at',
  'st_size',
  'len',
]);

/** What is done to a parameter; its unit is what the vocabulary says of it. */
const alterations = (name: VerbName, param: string): readonly Alteration[] =>
  /\bbytes?\b/.test(verb(name).params[param]?.about ?? '') ? BYTES : COUNTS;

/**
 * Every mutant of a rule book: each rule dropped, negated, with another errno or signal, and with every number that it
 * looks at off by one, off by a page and in the wrong unit; each of its effects dropped, or acting on such
 * numbers; each number that it reports off by one and in the wrong unit.
 * @param assumed rules that the model relies on and no case has to hold: they stay as they are
 * @param reads which parameters each part of each rule looks at, and which fields it reports
 */
export function mutants(book: RuleBook, reads: Reads, assumed: ReadonlySet<string> = new Set()): Mutant[] {
  return (Object.keys(book) as VerbName[]).flatMap((verb) => {
    const rules = rulesOf(book, verb);
    const labels = rules.map((rule, i) => {
      const seen = rules.slice(0, i).filter((r) => r.id === rule.id).length;
      return `${verb}/${rule.id}${seen > 0 ? `#${seen + 1}` : ''}`;
    });
    /** One mutant: these rules replaced by others. */
    const mutant = (places: readonly number[], change: Change): Mutant => ({
      id: `${labels[places[0] ?? 0] ?? verb}/${change.name}`,
      verb,
      rule: rules[places[0] ?? 0]?.id ?? '',
      places,
      told: change.told,
      ...(change.field !== undefined && { field: change.field }),
      ...(change.effect && { effect: change.effect }),
      book: { ...book, [verb]: rules.flatMap((r, i) => (places.includes(i) ? change.of(r) : [r])) },
    });
    const first = rules.map((rule) => rules.findIndex((r) => r.report === rule.report));
    return rules.flatMap((rule, i) =>
      rule.id === UNSPECIFIED || assumed.has(rule.id)
        ? []
        : [
            ...changes(verb, rule, i, reads, assumed).map((change) => mutant([i], change)),
            // What several rules report in one way is one thing that can be wrong.
            ...(first[i] === i ? reportChanges(verb, i, reads) : []).map((change) =>
              mutant(
                rules.flatMap((_, n) => (first[n] === i ? [n] : [])),
                change,
              ),
            ),
          ],
    );
  });
}

/** What is done to a rule; nothing is left of one that is dropped. */
interface Change {
  readonly name: string;
  readonly told: Mutant['told'];
  readonly field?: string;
  readonly effect?: true;
  readonly of: (rule: Rule) => readonly Rule[];
}

function changes(
  verb: VerbName,
  rule: Rule,
  index: number,
  reads: Reads,
  assumed: ReadonlySet<string>,
): Change[] {
  const all: Change[] = [{ name: 'drop', told: 'applied', of: () => [] }];
  if (rule.when !== always)
    all.push({ name: 'negate', told: 'reached', of: (r) => [{ ...r, when: (view) => !r.when(view) }] });
  all.push(...(rule.fault ? faultChanges() : [otherErrno(rule.errno)]));
  for (const param of reads.params(verb, index, 'when')) {
    for (const [change, apply] of alterations(verb, param)) {
      const when = (view: View): boolean => rule.when(seeing(view, param, apply));
      all.push({ name: `when-${param}-${change}`, told: 'reached', of: (r) => [{ ...r, when }] });
    }
  }
  rule.effects.forEach((e, i) => {
    if (assumed.has(e.id)) return;
    const replaced = (by: readonly Effect[]): Change['of'] => {
      return (r) => [{ ...r, effects: r.effects.flatMap((old, n) => (n === i ? by : [old])) }];
    };
    all.push({ name: `effect-${i + 1}-drop`, told: 'applied', effect: true, of: replaced([]) });
    for (const param of reads.params(verb, index, i)) {
      for (const [change, apply] of alterations(verb, param)) {
        const moved = { ...e, apply: (view: View) => e.apply(seeing(view, param, apply)) };
        all.push({
          name: `effect-${i + 1}-${param}-${change}`,
          told: 'applied',
          effect: true,
          of: replaced([moved]),
        });
      }
    }
  });
  return all;
}

function reportChanges(verb: VerbName, index: number, reads: Reads): Change[] {
  return reads.fields(verb, index).flatMap((field) =>
    (BYTE_FIELDS.has(field) ? BYTES : COUNTS)
      .filter(([name]) => !name.endsWith('-page'))
      .map(([change, apply]): Change => ({
        name: `report-${field}-${change}`,
        told: 'applied',
        field,
        of: (r) => [{ ...r, report: (view) => altered(r.report(view), field, (n) => apply(n, page(view))) }],
      })),
  );
}

const page = ({ world }: View): bigint => BigInt(world.pageSize);

/** Another errno than the right one, the same each time. */
function otherErrno(errno: string): Change {
  const other = errno === 'EINVAL' ? 'EPERM' : 'EINVAL';
  return { name: 'errno', told: 'applied', of: (r) => [{ ...r, errno: other }] };
}

/** What ends in a signal has no errno: it may be another signal, with another code, for another address. */
function faultChanges(): Change[] {
  const change = (
    name: string,
    of: (fault: AllowedFault, page: bigint) => Partial<AllowedFault>,
  ): Change => ({
    name,
    told: 'applied',
    of: (r) => [{ ...r, fault: (view) => changed(r.fault?.(view) ?? NO_FAULT, (f) => of(f, page(view))) }],
  });
  return [
    change('signal', ({ signal }) => ({ signal: signal === 'SIGBUS' ? 'SIGSEGV' : 'SIGBUS' })),
    ...COUNTS.map(([name, apply]) => change(`code-${name}`, ({ code }, p) => ({ code: apply(code, p) }))),
    ...BYTES.map(([name, apply]) => change(`at-${name}`, ({ at }, p) => ({ at: apply(at, p) }))),
  ];
}

const NO_FAULT: AllowedFault = { signal: 'SIGBUS', code: 0n, at: 0n };
const changed = (fault: AllowedFault, by: (fault: AllowedFault) => Partial<AllowedFault>): AllowedFault => ({
  ...fault,
  ...by(fault),
});

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
