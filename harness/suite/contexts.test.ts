// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { PROFILES } from '../uapi/profiles/index.js';
import { distinctContexts, wordsOf } from './contexts.js';

const contexts = (data: unknown): string[] =>
  distinctContexts(wordsOf(data)).map(
    ({ arch, profile, pageSize, same }) => `${arch} d${profile.dialect} ${pageSize / 1024}K ${same.length}`,
  );
const everywhere = 2 * PROFILES.length;

describe('the contexts of a case', () => {
  it('are one where nothing differs', () => {
    expect(contexts({ steps: [{ create_vm: 'default' }] })).toEqual([`x86_64 d0 4K ${everywhere}`]);
  });

  it('are those of the page sizes where one is named', () => {
    expect(contexts({ size: '2*page_size-1' })).toEqual([
      `x86_64 d0 4K ${everywhere}`,
      'aarch64 d0 16K 0',
      'aarch64 d0 64K 0',
    ]);
  });

  it('are the kinds of profiles that it speaks of', () => {
    expect(contexts({ profiles: ['d3..d5'], expect: { d3: 1 } })).toEqual([
      'x86_64 d0 4K 10',
      'x86_64 d3 4K 2',
      'x86_64 d4 4K 4',
    ]);
    expect(contexts({ flags: 'GMEM_SHARED|1' })).toEqual(['x86_64 d0 4K 14', 'x86_64 d1 4K 2']);
    expect(contexts({ cap: 'CAP_FLAGS' })).toEqual(['x86_64 d0 4K 12', 'x86_64 d4 4K 4']);
  });

  it('are those of each architecture where it speaks of one', () => {
    expect(contexts({ arch: ['x86_64'] })).toEqual(['x86_64 d0 4K 8', 'aarch64 d0 4K 8']);
    expect(contexts({ flags: 'O_DIRECT' })).toEqual(['x86_64 d0 4K 8', 'aarch64 d0 4K 8']);
  });

  it('are never fewer than the profiles named one by one', () => {
    const expectation = Object.fromEntries(PROFILES.map((p) => [p.id, p.dialect]));
    expect(contexts({ expect: expectation })).toHaveLength(PROFILES.length);
  });
});
