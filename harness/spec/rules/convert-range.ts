// SPDX-License-Identifier: GPL-2.0-only
import { refuse } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { pageAligned, WRAP } from './argument.js';
import { lengthOf, offsetOf, sizeOf, untouched } from './convert-request.js';
import type { Converting } from './convert-request.js';

const asked = { report: untouched };

/** The range of a request from dialect 3 on (virt/kvm/guest_memfd.c of kvm-x86 coco 799c9fadc639). */
export const RANGE: readonly Rule<Converting>[] = [
  refuse('gmem.attr.size-zero-einval', 'EINVAL', (v) => lengthOf(v) === 0n, asked),
  refuse('gmem.attr.wrap-einval', 'EINVAL', (v) => offsetOf(v) + lengthOf(v) >= WRAP, asked),
  refuse(
    'gmem.attr.offset-unaligned-einval',
    'EINVAL',
    (v) => !pageAligned(offsetOf(v), v.world.pageSize),
    asked,
  ),
  refuse(
    'gmem.attr.size-unaligned-einval',
    'EINVAL',
    (v) => !pageAligned(lengthOf(v), v.world.pageSize),
    asked,
  ),
  refuse('gmem.attr.offset-at-eof-einval', 'EINVAL', (v) => offsetOf(v) >= sizeOf(v), asked),
  refuse(
    'gmem.attr.end-beyond-eof-einval',
    'EINVAL',
    (v) => offsetOf(v) < sizeOf(v) && BigInt.asUintN(64, offsetOf(v) + lengthOf(v)) > sizeOf(v),
    asked,
  ),
];

/** The range of a request of dialect 1 (cover.1747264138.git.ackerleytng, patch 4). */
export const RANGE_OF_D1: readonly Rule<Converting>[] = [
  refuse('dialect.d1.unaligned-einval', 'EINVAL', (v) => !pageAligned(offsetOf(v), v.world.pageSize), asked),
  refuse('dialect.d1.unaligned-einval', 'EINVAL', (v) => !pageAligned(lengthOf(v), v.world.pageSize), asked),
  refuse('dialect.d1.end-beyond-eof-einval', 'EINVAL', (v) => offsetOf(v) + lengthOf(v) > sizeOf(v), asked),
];
