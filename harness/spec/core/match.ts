// SPDX-License-Identifier: GPL-2.0-only
import type { Expect } from '../../program/step.js';
import type { StepResult } from '../../program/trace.js';
import type { Allowed, Outcome } from './outcome.js';

/** Whether a value is one of those that an out field may have. */
export function admits(allowed: Allowed, value: bigint | undefined): boolean {
  if (allowed === 'any') return true;
  if (value === undefined) return false;
  const bits = BigInt.asUintN(64, value);
  const list: readonly bigint[] = typeof allowed === 'bigint' ? [allowed] : allowed;
  return list.some((v) => BigInt.asUintN(64, v) === bits);
}

/** Whether what a step did is this outcome. A target that sees no signals tells a refusal only. */
export function isOutcome(outcome: Outcome, result: StepResult): boolean {
  if (outcome.errno === 'any') return true;
  if (outcome.fault || result.fault) return outcome.fault !== undefined && sameFault(outcome, result);
  if (outcome.errno !== result.errno) return false;
  if (result.fields['exit'] !== undefined && !('exit' in outcome.fields) && outcome.errno === '0')
    return false;
  return Object.entries(outcome.fields).every(([name, allowed]) => admits(allowed, result.fields[name]));
}

function sameFault({ fault }: Outcome, result: StepResult): boolean {
  const seen = result.fault;
  if (!fault || !seen) return false;
  if (seen.signal === 'refused') return true;
  return seen.signal === fault.signal && seen.code === fault.code && seen.at === fault.at;
}

/** How an expectation that somebody wrote stands to an outcome of the model. */
export interface Comparison {
  /** The outcome is one that the expectation accepts, as far as both speak. */
  agrees: boolean;
  /** Fields that the expectation demands and the model says nothing of. */
  vague: string[];
  /** Fields that the model determines and the expectation leaves open. */
  open: string[];
}

/** Compare an expectation with an outcome. */
export function compare(expect: Expect, outcome: Outcome): Comparison {
  if (expect.any) return { agrees: true, vague: [], open: [] };
  if (expect.oneOf) {
    const [first, ...rest] = expect.oneOf.map((e) => compare(e, outcome));
    return [first, ...rest].find((c) => c?.agrees) ?? { agrees: false, vague: [], open: [] };
  }
  return compareOne(expect, outcome);
}

function compareOne(expect: Expect, outcome: Outcome): Comparison {
  const wanted = Object.entries(expect.fields);
  if (outcome.errno === 'any') return { agrees: true, vague: ['errno'], open: [] };
  const wantsFault = expect.fault !== undefined && expect.fault !== 'none';
  const { fault } = outcome;
  if (wantsFault || fault) {
    const known: Readonly<Record<string, bigint>> = fault ? { code: fault.code, at: fault.at } : {};
    // A value that is expected beside a signal plays no part where the signal comes (judge.ts).
    const places = wanted.filter(([name]) => name === 'code' || name === 'at');
    return {
      agrees: wantsFault && fault?.signal === expect.fault && places.every(([name, v]) => known[name] === v),
      vague: [],
      open: Object.keys(known).filter((name) => !(name in expect.fields)),
    };
  }
  const sameErrno = (expect.errno ?? '0') === outcome.errno;
  const strayExit = outcome.errno === '0' && 'exit' in outcome.fields && !('exit' in expect.fields);
  const differs = wanted.some(([name, v]) => {
    const allowed = outcome.fields[name];
    return allowed !== undefined && !admits(allowed, v);
  });
  return {
    agrees: sameErrno && !strayExit && !differs,
    vague: wanted.filter(([n]) => (outcome.fields[n] ?? 'any') === 'any').map(([n]) => n),
    open: Object.entries(outcome.fields)
      .filter(([name, allowed]) => typeof allowed === 'bigint' && !(name in expect.fields))
      .map(([name]) => name),
  };
}
