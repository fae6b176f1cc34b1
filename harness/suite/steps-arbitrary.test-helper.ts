// SPDX-License-Identifier: GPL-2.0-only
/** Arbitrary steps as a file would have them: every verb, mostly right objects, numbers at the edges. */
import fc from 'fast-check';
import type { ObjectKind, Param } from '../program/params.js';
import { verb, VERB_NAMES } from '../program/verbs.js';
import type { VerbName } from '../program/verbs.js';

/** The objects that {@link FIXTURE} makes, by kind. */
const OBJECTS: Readonly<Record<ObjectKind, string>> = {
  kvm: 'kvm',
  vm: 'vm',
  gmem: 'gmem',
  vcpu: 'vcpu',
  file: 'file',
  map: 'm',
  pin: 'pin',
};

const FIXTURE = [
  { create_vm: 'default' },
  { create_gmem: { size: 'page_size' } },
  { create_vcpu: {} },
  { open: { kind: 'memfd' } },
  { mmap: { of: 'gmem', length: 'page_size' } },
  { pin: { how: 'vmsplice' } },
];

const number = fc.constantFrom<(string | number)[]>(
  0, 1, 2, 4, 8, 3, 4095, 'page_size', '2*page_size', '-1', '-page_size', '1<<31', '1<<32', '1<<48', '1<<63',
  '-(1<<63)', '(1<<64)-1', '(1<<64)-page_size', 'nonce.a', 'boot_gpa',
); // prettier-ignore

function value(param: Param): fc.Arbitrary<unknown> {
  switch (param.kind) {
    case 'num':
      return param.among ? fc.constantFrom(...param.among.map(Number)) : number;
    case 'optnum':
      return number;
    case 'nums':
      return fc.array(number, { maxLength: param.max });
    case 'ref':
    case 'optref':
      return fc.constantFrom(...param.of.map((kind) => OBJECTS[kind]));
    case 'new':
      return fc.constantFrom('vm', 'gmem', 'other', 'm');
    case 'enum':
      return fc.constantFrom(...param.values);
    case 'word':
      return fc.constantFrom('tdp_mmu', 'no_such_parameter');
    case 'steps':
      return fc.constantFrom([{ close: 'gmem' }], [{ load: 0 }], []);
    case 'threads':
      return fc.constantFrom(
        [[{ close: 'gmem' }], [{ load: 0 }, { load: 1 }]],
        [[{ load: 0 }], [{ load: 0 }]],
      );
  }
}

function stepOf(name: VerbName): fc.Arbitrary<Record<string, unknown>> {
  const params = Object.entries(verb(name).params);
  const needed = params.filter(
    ([, p]) => ['num', 'ref', 'enum', 'word', 'steps', 'threads'].includes(p.kind) && !('default' in p),
  );
  return fc
    .record(Object.fromEntries(params.map(([key, p]) => [key, value(p)])), {
      requiredKeys: needed.map(([key]) => key),
    })
    .map((args) => ({ [name]: args }));
}

/** Steps that follow the fixture's. */
export const steps = fc
  .array(fc.constantFrom(...VERB_NAMES).chain(stepOf), { minLength: 1, maxLength: 5 })
  .map((list) => [...FIXTURE, ...list]);
