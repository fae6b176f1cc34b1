// SPDX-License-Identifier: GPL-2.0-only
import type { Param } from './params.js';
import type { Expect, PlannedStep, Step } from './step.js';
import type { Fault } from './trace.js';
import { verb } from './verbs.js';

/** Small numbers in decimal, the rest in hex; 64-bit patterns that are small negative numbers as such. */
export function number(v: bigint): string {
  const signed = BigInt.asIntN(64, v);
  if (signed < 0n && signed > -65536n) return signed.toString();
  const bits = BigInt.asUintN(64, v);
  return bits < 65536n ? bits.toString() : `0x${bits.toString(16)}`;
}

/** A step in one line of the suite's vocabulary, arguments at their default left out. */
export function describeStep(step: Step): string {
  const args = Object.entries(verb(step.verb).params).flatMap(([name, param]) => {
    const text = argument(param, (step as unknown as Record<string, unknown>)[name]);
    return text === undefined ? [] : [`${name}: ${text}`];
  });
  return `${step.verb}: {${args.join(', ')}}`;
}

function argument(param: Param, value: unknown): string | undefined {
  if (value === undefined || ('default' in param && value === param.default && param.kind !== 'ref'))
    return undefined;
  if (typeof value === 'bigint') return number(value);
  if (typeof value === 'string') return value;
  if (param.kind === 'steps') return verbsOf(value as PlannedStep[]);
  if (param.kind === 'threads') return `[${(value as PlannedStep[][]).map(verbsOf).join(', ')}]`;
  const list = value as bigint[];
  return list.length === 0 ? undefined : `[${list.map(number).join(', ')}]`;
}

const verbsOf = (steps: readonly PlannedStep[]): string => `[${steps.map((s) => s.step.verb).join(', ')}]`;

/** An expectation in words: `success`, `EINVAL`, `SIGBUS, code 2, at 0x1000`, `value 8`. */
export function describeExpect(e: Expect): string {
  if (e.any) return 'anything that the specification allows';
  if (e.oneOf) return e.oneOf.map(describeExpect).join(' or ');
  const fields = Object.entries(e.fields).map(([k, v]) => `${k} ${number(v)}`);
  const head =
    e.fault !== undefined && e.fault !== 'none'
      ? e.fault
      : e.errno === undefined || e.errno === '0'
        ? 'success'
        : e.errno;
  return [head, ...fields].join(', ');
}

const CODES: Readonly<Record<string, string>> = {
  'SIGBUS 1': 'BUS_ADRALN',
  'SIGBUS 2': 'BUS_ADRERR',
  'SIGBUS 4': 'BUS_MCEERR_AR',
  'SIGSEGV 1': 'SEGV_MAPERR',
  'SIGSEGV 2': 'SEGV_ACCERR',
};

/** `SIGBUS (BUS_ADRERR) at +0x1000`. */
export function faultText(fault: Fault): string {
  if (fault.signal === 'refused') return 'refused (EFAULT)';
  const code =
    CODES[`${fault.signal} ${(fault.code ?? 0n).toString()}`] ?? `code ${(fault.code ?? 0n).toString()}`;
  return `${fault.signal} (${code}) at +0x${(fault.at ?? 0n).toString(16)}`;
}
