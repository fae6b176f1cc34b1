// SPDX-License-Identifier: GPL-2.0-only
/** Suites written in tests. */
import { findProfile } from '../uapi/profiles/index.js';
import { CaseErrors } from './case-error.js';
import { expandSuite } from './expand.js';
import type { TestPoint } from './expand.js';
import type { LoadedSuite } from './load.js';
import type { RawSuite } from './raw.js';
import { suiteSchema } from './schema.js';
import type { Context } from './scope.js';
import { parseSource } from './source.js';
import { compileSchema, validate } from './validate.js';

const schema = compileSchema(suiteSchema());

/** The profile called `id`. */
export function profile(id: string): Context['profile'] {
  const found = findProfile(id);
  if (!found) throw new Error(`no profile ${id}`);
  return found;
}

export const X86: Context = { arch: 'x86_64', profile: profile('d0-mainline'), pageSize: 4096 };
export const ARM: Context = { ...X86, arch: 'aarch64' };

/** Load the text of a suite file. @throws CaseErrors */
export function suiteOf(text: string): LoadedSuite {
  const source = parseSource('t.yaml', text);
  const errors = validate(source, schema);
  if (errors.length > 0) throw new CaseErrors(errors);
  return { source, raw: source.data as RawSuite };
}

/** The points of one case, given from its third line on, in a suite `a/b`. */
export function pointsOf(body: string, context = X86, head = ''): TestPoint[] {
  const indented = body.replaceAll(/^(?=.)/gm, '    ');
  return expandSuite(
    suiteOf(`suite: a/b\nabout: A.\n${head}cases:\n  - id: c\n    about: A.\n${indented}`),
    context,
  );
}

/** The first of some points. */
export function first(points: readonly TestPoint[]): TestPoint {
  const [point] = points;
  if (!point) throw new Error('there are no points');
  return point;
}
