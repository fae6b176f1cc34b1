// SPDX-License-Identifier: GPL-2.0-only
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { JournalError } from '../run/journal-read.js';
import { SelectError } from '../run/select.js';
import { CaseError, CaseErrors } from '../suite/case-error.js';
import { TargetError } from '../target/executor.js';
import { explainError, UsageError } from './exit.js';
import { worst } from './run.js';

const place = { file: 'f', line: 1, column: 2, text: '' };

describe('explainError', () => {
  it.each<[string, unknown, number, string]>([
    ['help that was asked for', new CommanderError(0, 'commander.help', ''), 0, ''],
    ['what commander has already printed', new CommanderError(1, 'commander.unknownOption', 'x'), 2, ''],
    ['a case error', new CaseError(place, 'p'), 2, 'f:1:2: p'],
    [
      'case errors',
      new CaseErrors([new CaseError(place, 'p'), new CaseError(place, 'q')]),
      2,
      'f:1:2: p\nf:1:2: q\n2 problems found',
    ],
    ['wrong use', new UsageError('u'), 2, 'u'],
    ['no match', new SelectError('s'), 2, 's'],
    ['a damaged journal', new JournalError('j'), 2, 'j'],
    ['the environment', new TargetError('t'), 3, 't'],
  ])('gives code and text for %s', (_what, error, code, text) =>
    expect(explainError(error)).toEqual({ code, text }),
  );

  it('takes everything else for a defect of ours, with where it happened', () => {
    expect(explainError(new RangeError('oops'))).toMatchObject({
      code: 3,
      text: expect.stringMatching(/^internal error: RangeError: oops\n\s+at /) as string,
    });
    expect(explainError('text')).toEqual({ code: 3, text: 'internal error: text' });
  });
});

describe('the exit code of several runs', () => {
  it.each([
    [[0, 0], 0],
    [[0, 1], 1],
    [[3, 1], 1],
    [[0, 3], 3],
    [[4, 3], 3],
    [[4, 1], 1],
    [[4, 0], 0],
    [[4, 4], 4],
    [[4], 4],
  ])('of %j is %i', (codes, code) => expect(worst(codes)).toBe(code));
});
