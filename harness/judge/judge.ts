// SPDX-License-Identifier: GPL-2.0-only
import { describeExpect, describeStep, faultText, number } from '../program/describe.js';
import { nestedSteps } from '../program/step.js';
import type { Expect, PlannedStep, Program } from '../program/step.js';
import { nestedResults } from '../program/trace.js';
import type { StepResult, Trace } from '../program/trace.js';
import type { Mismatch, Verdict } from './verdict.js';

/** What the judge concludes of one trace. */
export interface Judgement {
  verdict: Exclude<Verdict, 'skip' | 'xfail' | 'xpass'>;
  /** One line for error and crash. */
  reason?: string;
  mismatches: Mismatch[];
}

/**
 * Compare a trace with what the program's steps expect.
 *
 * A crash outranks everything: whatever the steps returned, the kernel did not survive them or complained. A
 * program that was cut short, or in which a step was never reached, is an `error` unless an earlier step
 * already went wrong; it is never a pass. Trouble of our own (a set-up call that failed, the watchdog) makes
 * everything from there on worthless, so it is an `error` unless a step before it went wrong.
 *
 * Of steps that ran at the same time only what the case says of them is compared here, which has to hold in every
 * order; whether an order explains them all is for the specification (spec/core/interleave.ts, judge/reconcile.ts).
 */
export function judge(program: Program, trace: Trace): Judgement {
  const mismatches = compareSteps(program.steps, trace.steps, { n: 0 });
  if (trace.crash) return { verdict: 'crash', reason: trace.crash.title, mismatches };
  const trouble = firstTrouble(program.steps, trace.steps, { n: 0 });
  const wrong = mismatches[0];
  if (trouble && (!wrong || trouble.step <= wrong.step)) {
    return { verdict: 'error', reason: `step ${trouble.step}: ${trouble.what}`, mismatches: [] };
  }
  if (wrong) return { verdict: 'fail', mismatches };
  if (trace.cut !== undefined || !complete(program.steps, trace.steps)) {
    return { verdict: 'error', reason: trace.cut ?? 'not every step was executed', mismatches };
  }
  return { verdict: 'pass', mismatches };
}

/** Every step has a result, and every result is of a step that was executed; those of children too. */
function complete(steps: readonly PlannedStep[], results: readonly StepResult[]): boolean {
  return (
    steps.length === results.length &&
    steps.every(({ step }, i) => {
      const result = results[i];
      const nested = nestedResults(step, result);
      return (
        result?.state === 'done' && nestedSteps(step).every((list, n) => complete(list, nested[n] ?? []))
      );
    })
  );
}

/** The first step, counted as mismatches are, in which the harness had trouble of its own. */
function firstTrouble(
  steps: readonly PlannedStep[],
  results: readonly StepResult[],
  count: { n: number },
): { step: number; what: string } | undefined {
  for (const [i, { step: planned }] of steps.entries()) {
    const step = ++count.n;
    const result = results[i];
    if (result?.trouble !== undefined) return { step, what: result.trouble };
    const nested = nestedResults(planned, result);
    for (const [n, list] of nestedSteps(planned).entries()) {
      const trouble = firstTrouble(list, nested[n] ?? [], count);
      if (trouble) return trouble;
    }
  }
  return undefined;
}

function compareSteps(
  steps: readonly PlannedStep[],
  results: readonly StepResult[],
  count: { n: number },
): Mismatch[] {
  return steps.flatMap((planned, i) => {
    const step = ++count.n;
    const result = results[i];
    if (!result) return [];
    const own = compare(planned, result, step);
    const nested = nestedResults(planned.step, result);
    return [
      ...own,
      ...nestedSteps(planned.step).flatMap((list, n) => compareSteps(list, nested[n] ?? [], count)),
    ];
  });
}

function compare(planned: PlannedStep, result: StepResult, step: number): Mismatch[] {
  // A dependency is the consequence of a mismatch that is reported where it happened.
  if (result.state !== 'done' || allowed(planned.expect, result)) return [];
  return [
    {
      step,
      where: planned.where,
      what: describeStep(planned.step),
      expected: describeExpect(planned.expect),
      seen: describeResult(planned.expect, result),
      calls: [...result.calls],
    },
  ];
}

/** Whether a result is what the expectation says. */
export function allowed(expect: Expect, result: StepResult): boolean {
  if (expect.any) return true;
  if (expect.oneOf) return expect.oneOf.some((one) => allowed(one, result));
  const wantsFault = expect.fault !== undefined && expect.fault !== 'none';
  if (wantsFault || result.fault)
    return wantsFault && result.fault !== undefined && faultAllowed(expect, result.fault);
  if ((expect.errno ?? '0') !== result.errno) return false;
  // A vCPU that left for another reason did not make the access, even where no value is asked for.
  if (result.errno === '0' && result.fields['exit'] !== undefined && expect.fields['exit'] === undefined)
    return false;
  return Object.entries(expect.fields).every(([name, v]) => result.fields[name] === v);
}

/** Signal, code and address, as far as the target can see them: the kernel's refusal alone has none. */
function faultAllowed(expect: Expect, fault: NonNullable<StepResult['fault']>): boolean {
  if (fault.signal === 'refused') return true;
  if (fault.signal !== expect.fault) return false;
  const { code, at } = expect.fields;
  return (code === undefined || code === fault.code) && (at === undefined || at === fault.at);
}

/** What came out, with the fields that the expectation speaks of. */
function describeResult(expect: Expect, result: StepResult): string {
  if (result.fault) return faultText(result.fault);
  const spoken = [expect, ...(expect.oneOf ?? [])].flatMap(({ fields }) => Object.keys(fields));
  const head = result.errno === '0' ? 'success' : result.errno;
  const names = [...new Set(spoken)].filter((f) => f !== 'code' && f !== 'at');
  const telling = result.errno !== '0' || 'exit' in result.fields;
  const rest = Object.keys(result.fields).filter((f) => !names.includes(f) && telling);
  const fields = [...names, ...rest].map((f) => {
    const v = result.fields[f];
    return v === undefined ? `no ${f}` : `${f} ${number(v)}`;
  });
  return [head, ...fields].join(', ');
}
