// SPDX-License-Identifier: GPL-2.0-only
import { refuse, succeed } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';

type V = View<'module_param'>;

/** The switch of dialects 7 and 8, and that of dialects 3 to 6, which says the opposite. */
const IN_PLACE = 'gmem_in_place_conversion';
const BY_VMS = 'vm_memory_attributes';

const reads = ({ step, world }: V, name: string): boolean => step.name === name && world.arch === 'x86_64';
const converts = ({ world }: V): boolean => world.has('conversion');

/** /sys/module/kvm/parameters, of which the model knows the two switches of the series. */
export const MODULE_PARAM: readonly Rule<'module_param'>[] = [
  refuse(
    'kvm.param.gmem-in-place-conversion',
    'ENOENT',
    (v) => reads(v, IN_PLACE) && !v.world.has('in-place-parameter'),
  ),
  succeed('kvm.param.gmem-in-place-conversion', (v) => reads(v, IN_PLACE) && converts(v), {
    report: () => ({ value: 1n }),
  }),
  succeed('kvm.param.gmem-in-place-conversion', (v) => reads(v, IN_PLACE), { report: () => ({ value: 0n }) }),
  refuse(
    'kvm.param.vm-memory-attributes',
    'ENOENT',
    (v) => reads(v, BY_VMS) && !v.world.has('vm-attributes-parameter'),
  ),
  succeed('kvm.param.vm-memory-attributes', (v) => reads(v, BY_VMS) && converts(v), {
    report: () => ({ value: 0n }),
  }),
  succeed('kvm.param.vm-memory-attributes', (v) => reads(v, BY_VMS), { report: () => ({ value: 1n }) }),
];
