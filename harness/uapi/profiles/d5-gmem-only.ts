// SPDX-License-Identifier: GPL-2.0-only
import { CONTENT_FLAGS, GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** RFC v5 (2026-04): content flags, on the guest_memfd alone, error_offset ignored on input. */
export const d5: Profile = {
  id: 'd5-gmem-only',
  about: 'RFC v5 (2026-04): content flags, on the guest_memfd alone, error_offset ignored on input',
  sources: ['20260428-gmem-inplace-conversion-v5-0-d8608ccfca22'],
  kernel: [7, 3],
  dialect: 5,
  conversion: { kind: 'attributes2', flags: CONTENT_FLAGS.CONTENT_PRESERVE },
  constants: {
    ...GMEM_FLAGS,
    CAP_CONVERSION: 249n,
    CAP_FLAGS: 250n,
    ...CONTENT_FLAGS,
    KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 249n,
    KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS: 250n,
  },
  probe: {
    commands: [KVM_SET_MEMORY_ATTRIBUTES2].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    requests: { plain: '0', errorOffset: '0', zero: 'EOPNOTSUPP', preserve: '0', defaultVm: '0' },
    capability: { number: 249n, value: 8n },
  },
};
