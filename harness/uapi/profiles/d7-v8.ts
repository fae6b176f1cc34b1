// SPDX-License-Identifier: GPL-2.0-only
import { GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** V8 (2026-06): switch gmem_in_place_conversion, capability 250, a default VM refuses every request. */
export const d7: Profile = {
  id: 'd7-v8',
  about: 'v8 (2026-06): switch gmem_in_place_conversion, capability 250, a default VM refuses every request',
  sources: ['20260618-gmem-inplace-conversion-v8-0-9d2959357853 (patches 13, 14, 17, 24, 25)'],
  kernel: [7, 3],
  dialect: 7,
  conversion: { kind: 'attributes2', flags: 0n },
  constants: {
    ...GMEM_FLAGS,
    CAP_CONVERSION: 250n,
    KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 250n,
  },
  probe: {
    commands: [KVM_SET_MEMORY_ATTRIBUTES2].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    requests: { plain: '0', errorOffset: '0', zero: 'EINVAL', preserve: 'EINVAL', defaultVm: 'EINVAL' },
    capability: { number: 250n, value: 8n },
  },
};
