// SPDX-License-Identifier: GPL-2.0-only
import { describeStep, faultText, number } from '../program/describe.js';
import type { StepResult } from '../program/trace.js';
import type { Tracked, Violation } from '../spec/core/track.js';
import { MAX_TRIED } from '../spec/core/interleave.js';
import { outcomeText } from '../spec/core/outcome-text.js';
import type { Judgement } from './judge.js';
import type { Mismatch } from './verdict.js';

/**
 * Put the case's verdict and the specification's together. A point passes when both agree that it does, and
 * fails when both agree that it does not. Where they contradict each other one of them is wrong, and nothing
 * is known about the kernel: an `error` that names both.
 *
 * Where threads ran before, or at the step itself, the specification alone can say what fits together: a case
 * leaves open what depends on their order.
 *
 * Where the specification knows nothing of a step up to the one in question, it has no say.
 */
export function reconcile(judgement: Judgement, tracked: Tracked): Judgement {
  const { violation } = tracked;
  if (tracked.exhausted && judgement.verdict === 'pass') {
    return {
      verdict: 'error',
      reason: `the search for an order of the threads' steps was given up after ${MAX_TRIED} steps`,
      mismatches: [],
    };
  }
  // After a step of which the rules say nothing the model's state may be another than the kernel's.
  if (violation && tracked.unspecified.some((step) => step <= violation.step)) return judgement;
  if (judgement.verdict === 'pass' && violation && tracked.bounded) {
    return {
      verdict: 'error',
      reason: `more states were possible than are followed, and none of those that were explains ${violationText(violation)}`,
      mismatches: [],
    };
  }
  if (judgement.verdict === 'pass' && violation && tracked.threads) {
    return { verdict: 'fail', mismatches: [mismatchOf(violation)] };
  }
  if (judgement.verdict === 'pass' && violation) {
    return {
      verdict: 'error',
      reason: `the case accepts what the specification forbids: ${violationText(violation)}`,
      mismatches: [],
    };
  }
  const [wrong] = judgement.mismatches;
  if (judgement.verdict === 'fail' && wrong && !violation && !tracked.bounded && !tracked.exhausted) {
    if (tracked.unspecified.some((step) => step <= wrong.step)) return judgement;
    return {
      ...judgement,
      verdict: 'error',
      reason: `the case refuses what the specification allows: step ${wrong.step}, ${wrong.what}: expected ${wrong.expected}, seen ${wrong.seen}`,
    };
  }
  if (judgement.verdict === 'fail' && violation) {
    const allowed = allowedText(violation);
    return {
      ...judgement,
      mismatches: judgement.mismatches.map((m) => (m.step === violation.step ? { ...m, allowed } : m)),
    };
  }
  return judgement;
}

/** A violation as what a case would have expected. */
function mismatchOf(v: Violation): Mismatch {
  const calls = [v.seen, ...(v.seen.threads ?? []).flat()].flatMap((r) => r.calls);
  const stuck = stuckText(v);
  return {
    step: v.step,
    where: v.planned.where,
    what: describeStep(v.planned.step),
    expected: stuck === undefined ? 'what some order of the threads explains' : 'some order of the steps',
    seen: stuck ?? resultText(v.seen),
    ...(stuck === undefined && { allowed: allowedText(v) }),
    calls,
  };
}

/** Where the search for an order of the steps of several threads ended, one line for each that was left. */
function stuckText({ stuck }: Violation): string | undefined {
  if (!stuck) return undefined;
  const next = stuck.next.map(
    ({ thread, planned, result, allowed }) =>
      `thread ${thread + 1}, ${describeStep(planned.step)}: seen ${resultText(result)}, allowed then: ${[...new Set(allowed.map(outcomeText))].join('; or ')}`,
  );
  return `no order of the steps explains what they did; after ${stuck.explained.join(', ')} steps of the threads: ${next.join(' | ')}`;
}

/** `step 3, load: {offset: 0}: seen success, value 1; allowed: …`. */
export function violationText(v: Violation): string {
  const stuck = stuckText(v);
  if (stuck !== undefined) return `step ${v.step}: ${stuck}`;
  return `step ${v.step}, ${describeStep(v.planned.step)}: seen ${resultText(v.seen)}; allowed: ${allowedText(v).join('; or ')}`;
}

/** The outcomes that would have been allowed, each with its rule. */
export const allowedText = ({ allowed }: Violation): string[] => [...new Set(allowed.map(outcomeText))];

/** What a step did, in words. */
export function resultText(result: StepResult): string {
  if (result.fault) return faultText(result.fault);
  const fields = Object.entries(result.fields).map(([name, value]) => `${name} ${number(value)}`);
  return [result.errno === '0' ? 'success' : result.errno, ...fields].join(', ');
}
