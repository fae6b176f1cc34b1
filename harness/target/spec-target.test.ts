// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, it } from 'vitest';
import { program, step } from '../program/make.js';
import { PROFILES } from '../uapi/profiles/index.js';
import { probe } from './probe.js';
import { SpecTarget } from './spec-target.js';

describe('the model as a target', () => {
  it.each(PROFILES.map((p) => [p.id, p] as const))('is recognised as %s by what it does', async (id, p) => {
    expect((await probe(new SpecTarget('x86_64', p))).profile?.id).toBe(id);
  });

  it('says of every step which rule it follows', async () => {
    const [first] = PROFILES;
    if (!first) throw new Error('no profiles');
    const target = new SpecTarget('x86_64', first);
    const { steps } = await target.run(program('p', step('create_vm', {})));
    expect(steps.map((s) => s.calls)).toEqual([[expect.stringMatching(/^model: success by kvm\./)]]);
  });
});
