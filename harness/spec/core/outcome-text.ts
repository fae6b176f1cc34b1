// SPDX-License-Identifier: GPL-2.0-only
import { faultText, number } from '../../program/describe.js';
import type { Allowed, Outcome } from './outcome.js';

/** An outcome in words, with its rule: `EINVAL (gmem.attr.flags-einval)`. */
export function outcomeText({ rule, errno, fields, fault }: Outcome): string {
  const head = fault ? faultText(fault) : errno === '0' ? 'success' : errno === 'any' ? 'anything' : errno;
  const parts = Object.entries(fields).map(([name, allowed]) => fieldText(name, allowed));
  return `${[head, ...parts].join(', ')} (${rule})`;
}

function fieldText(name: string, allowed: Allowed): string {
  if (allowed === 'any') return `any ${name}`;
  const values = typeof allowed === 'bigint' ? [allowed] : allowed;
  return `${name} ${values.map(number).join(' or ')}`;
}
