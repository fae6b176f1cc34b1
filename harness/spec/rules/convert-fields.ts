// SPDX-License-Identifier: GPL-2.0-only
import { refuse } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { hasOtherBits } from './argument.js';
import { isReadable, ownerOf, PRIVATE, target, untouched } from './convert-request.js';
import type { Converting, Request } from './convert-request.js';
import { hasPrivateMemory } from './gmem-flags.js';

const asked = { report: untouched };
const ZERO = 1n;
const PRESERVE = 2n;

/** Dialects whose flags say what becomes of the contents. */
export const hasContentFlags = ({ world }: Request): boolean => world.dialect === 4 || world.dialect === 5;

const invalid = refuse<'set_attributes'>;

/** Fields of struct kvm_memory_attributes2 (virt/kvm/guest_memfd.c of kvm-x86 coco 799c9fadc639). */
export const FIELDS: readonly Rule<'set_attributes'>[] = [
  invalid('gmem.attr.efault', 'EFAULT', (v) => !isReadable(v)),
  invalid('gmem.attr.flags-einval', 'EINVAL', (v) => !hasContentFlags(v) && v.step.flags !== 0n, asked),
  invalid(
    'gmem.content.flags-unknown-einval',
    'EINVAL',
    ({ step }) => hasOtherBits(step.flags, ZERO | PRESERVE),
    asked,
  ),
  invalid(
    'gmem.content.both-flags-einval',
    'EINVAL',
    ({ step }) => (step.flags & (ZERO | PRESERVE)) === (ZERO | PRESERVE),
    asked,
  ),
  invalid('gmem.attr.reserved-einval', 'EINVAL', ({ step }) => step.reserved.some((w) => w !== 0n), asked),
  invalid(
    'gmem.attr.error-offset-input-einval',
    'EINVAL',
    ({ step, world }) => world.dialect <= 4 && step.error_offset !== 0n,
    asked,
  ),
  invalid(
    'gmem.attr.attributes-einval',
    'EINVAL',
    ({ step }) => hasOtherBits(step.attributes, PRIVATE),
    asked,
  ),
];

const hasPrivate = (v: Request): boolean => {
  const vm = ownerOf(v);
  return vm !== undefined && hasPrivateMemory(vm);
};
const isSev = (v: Request): boolean => ['sev', 'sev_es'].includes(ownerOf(v)?.type ?? '');

/** What the VM that made the file can have. */
export const OWNER: readonly Rule<Converting>[] = [
  refuse('gmem.attr.sev-vm-einval', 'EINVAL', (v) => v.world.dialect >= 7 && isSev(v), asked),
  refuse(
    'gmem.attr.default-vm-any-einval',
    'EINVAL',
    (v) => v.world.dialect >= 7 && !hasPrivate(v) && !isSev(v),
    asked,
  ),
  refuse(
    'gmem.attr.default-vm-private-einval',
    'EINVAL',
    (v) => !hasPrivate(v) && target(v) === 'private',
    asked,
  ),
];
