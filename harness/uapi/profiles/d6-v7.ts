// SPDX-License-Identifier: GPL-2.0-only
import { GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** V6 and v7 (2026-05): no content flags, capability 249, a default VM accepts attributes 0. */
export const d6: Profile = {
  id: 'd6-v7',
  about: 'v6 and v7 (2026-05): no content flags, capability 249, a default VM accepts attributes 0',
  sources: [
    '20260507-gmem-inplace-conversion-v6-0-91ab5a8b19a4',
    '20260522-gmem-inplace-conversion-v7-0-2f0fae496530 (patches 9, 10, 13)',
  ],
  kernel: [7, 3],
  dialect: 6,
  conversion: { kind: 'attributes2', flags: 0n },
  constants: {
    ...GMEM_FLAGS,
    CAP_CONVERSION: 249n,
    KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 249n,
  },
  probe: {
    commands: [KVM_SET_MEMORY_ATTRIBUTES2].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    requests: { plain: '0', errorOffset: '0', zero: 'EINVAL', preserve: 'EINVAL', defaultVm: '0' },
    capability: { number: 249n, value: 8n },
  },
};
