// SPDX-License-Identifier: GPL-2.0-only
import { refuse, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { ATTRIBUTES2_OF_VM } from './attributes2-of-vm.js';
import { CONTENTS, PROMISES } from './convert-contents.js';
import { FIELDS, OWNER } from './convert-fields.js';
import { granted, refusals, ROOM } from './convert-pages.js';
import { RANGE, RANGE_OF_D1 } from './convert-range.js';
import { convertIoctls, fileOf, isReadable, lengthOf, of, only, untouched } from './convert-request.js';
import type { Converting } from './convert-request.js';
import { CALLER, COMMAND, TARGET } from './convert-target.js';

const asked = { report: untouched };

/** Pages of a range that is in order, for KVM_SET_MEMORY_ATTRIBUTES2. */
const PAGES: readonly Rule<Converting>[] = [
  ...PROMISES,
  ...ROOM,
  ...refusals('gmem.attr.eagain-first-offender', 'gmem.pin.eagain-unmaps-range'),
  granted('gmem.attr.success-writes-nothing', CONTENTS),
];

/** The same for the ioctls of dialect 1, which begin by looking at the range. */
const BY_CONVERT_IOCTLS: readonly Rule<Converting>[] = [
  succeed('dialect.d1.size-zero', (v) => lengthOf(v) === 0n, asked),
  refuse('dialect.d1.unmappable-einval', 'EINVAL', (v) => fileOf(v)?.it.mappable === false, asked),
  ...RANGE_OF_D1,
  ...refusals('dialect.d1.eagain-error-offset', 'dialect.d1.eagain-unmaps'),
  granted('dialect.d1.convert-both-ways'),
];

/** KVM_SET_MEMORY_ATTRIBUTES2 of dialects 3 to 8. */
export const SET_ATTRIBUTES: readonly Rule<'set_attributes'>[] = [
  ...of<'set_attributes'>(CALLER),
  ...ATTRIBUTES2_OF_VM,
  ...of<'set_attributes'>([...TARGET, ...COMMAND]),
  // Of what the ioctls of dialect 1 would make of such a request nobody has thought.
  ...only<'set_attributes'>(
    (v) => !convertIoctls(v),
    [...FIELDS, ...of<'set_attributes'>([...OWNER, ...RANGE, ...PAGES])],
  ),
];

/** KVM_GMEM_CONVERT_SHARED and KVM_GMEM_CONVERT_PRIVATE of dialect 1. */
export const CONVERT_RAW: readonly Rule<'convert_raw'>[] = [
  ...of<'convert_raw'>([...CALLER, ...TARGET, ...COMMAND]),
  refuse<'convert_raw'>('dialect.d1.efault', 'EFAULT', (v) => !isReadable(v)),
  refuse<'convert_raw'>(
    'dialect.d1.error-offset-input-einval',
    'EINVAL',
    ({ step }) => step.error_offset !== 0n,
    asked,
  ),
  ...of<'convert_raw'>(BY_CONVERT_IOCTLS),
];

/** What the dialect has of the two, with a request that is in order but for the range. */
export const CONVERT: readonly Rule<'convert'>[] = of<'convert'>([
  ...CALLER,
  ...TARGET,
  ...only(convertIoctls, BY_CONVERT_IOCTLS),
  ...only((v) => !convertIoctls(v), [...OWNER, ...RANGE, ...PAGES]),
]);
