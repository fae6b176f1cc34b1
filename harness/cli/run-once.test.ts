// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { explainError } from './exit.js';
import { requireGreen } from './run-once.js';

describe('a reference', () => {
  it('is what a run that ends with 0 gives', () => expect(() => requireGreen({ code: 0 })).not.toThrow());

  it.each([1, 3] as const)('is refused with 3 after a run that ends with %i, saying why', (code) => {
    let thrown: unknown;
    try {
      requireGreen({ code, message: '1 crash' });
    } catch (e) {
      thrown = e;
    }
    expect(explainError(thrown)).toEqual({
      code: 3,
      text: `--write-reference needs a run that ends with 0, got ${code} (1 crash); no reference was written`,
    });
  });
});
