// SPDX-License-Identifier: GPL-2.0-only
/** A hostile case file can only be rejected: with CaseError, quickly; and what is accepted can be lowered. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { SUITES } from '../cli/paths.js';
import { lower } from '../lower/lower.js';
import { ARCHES } from '../uapi/arch.js';
import { PROFILES } from '../uapi/profiles/index.js';
import { CaseError } from './case-error.js';
import { expandSuite } from './expand.js';
import { findSuites } from './load.js';
import type { RawSuite } from './raw.js';
import { suiteSchema } from './schema.js';
import { parseSource } from './source.js';
import { steps } from './steps-arbitrary.test-helper.js';
import { compileSchema, validate } from './validate.js';

const schema = compileSchema(suiteSchema());
const shipped = findSuites(SUITES).map((file) => readFileSync(file, 'utf8'));
/** Far more than any file needs, on a machine that does something else as well. */
const QUICK_MS = 5000;

/** Take a text as far as it goes: points that can be lowered, or the errors that say why not. */
function take(text: string): CaseError[] {
  const started = performance.now();
  const errors: CaseError[] = [];
  try {
    const source = parseSource('x.yaml', text);
    errors.push(...validate(source, schema));
    if (errors.length === 0) expandAndLower({ source, raw: source.data as RawSuite }, errors);
  } catch (e) {
    if (!(e instanceof CaseError)) throw e;
    errors.push(e);
  }
  for (const { message } of errors) expect(message).toMatch(/^x\.yaml:\d+:\d+: \S.*(\n\d+ \| .*\n\s+\^)?$/);
  expect(performance.now() - started).toBeLessThan(QUICK_MS);
  return errors;
}

function expandAndLower(suite: Parameters<typeof expandSuite>[0], errors: CaseError[]): void {
  for (const arch of ARCHES) {
    for (const profile of PROFILES) {
      const context = { arch, profile, pageSize: 4096 };
      try {
        for (const p of expandSuite(suite, context).slice(0, 8))
          lower(p.program, { ...context, timeoutMs: 1000 });
      } catch (e) {
        if (!(e instanceof CaseError)) throw e;
        errors.push(e);
      }
    }
  }
}

describe('a case file', () => {
  it('of arbitrary text is taken or rejected', () => {
    const yamlish = fc.string({
      unit: fc.constantFrom(
        ...Array.from('ab:- \n\t{}[]&*!|>\'"#%@`?,0x1.~$\\é\u0000\u2028'),
        'suite: ',
        '\n  - ',
        '<<: ',
      ),
      maxLength: 200,
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), (text) => void take(text)),
      {
        numRuns: 500,
      },
    );
  });

  it('of an arbitrary YAML document is rejected', () => {
    const document = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(document, (value) => {
        expect(take(stringify(value))).not.toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('made from a shipped one by a few changes is taken or rejected', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      drop: fc.integer({ min: 0, max: 12 }),
      insert: fc.constantFrom(
        '',
        ' ',
        '\n',
        ':',
        '-',
        '$',
        '0',
        'page_size',
        '[',
        '}',
        '"',
        '1<<63',
        ' - ',
        'expect',
      ),
    });
    const property = fc.property(
      fc.constantFrom(...shipped),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (text, changes) => {
        let changed = text;
        for (const { at, drop, insert } of changes) {
          const i = Math.floor(at * changed.length);
          changed = changed.slice(0, i) + insert + changed.slice(i + drop);
        }
        take(changed);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it('with arbitrary steps and numbers, once accepted, can be lowered', () => {
    let accepted = 0;
    fc.assert(
      fc.property(steps, (list) => {
        const text = stringify({ suite: 'a/b', about: 'A.', cases: [{ id: 'c', about: 'A.', steps: list }] });
        if (take(text).length === 0) accepted++;
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});
