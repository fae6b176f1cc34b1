// SPDX-License-Identifier: GPL-2.0-only
import { CONTENT_FLAGS, GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** RFC v3 and v4 (2026-03): as D3, with the content flags ZERO and PRESERVE. */
export const d4: Profile = {
  id: 'd4-content-flags',
  about: 'RFC v3 and v4 (2026-03): as D3, with the content flags ZERO and PRESERVE',
  sources: [
    '20260313-gmem-inplace-conversion-v3-0-5fc12a70ec89',
    '20260326-gmem-inplace-conversion-v4-0-e202fe950ffd (patch 10: ioctl, flags)',
  ],
  kernel: [7, 3],
  dialect: 4,
  conversion: { kind: 'attributes2', flags: CONTENT_FLAGS.CONTENT_PRESERVE },
  constants: {
    ...GMEM_FLAGS,
    CAP_CONVERSION: 249n,
    CAP_ATTRIBUTES2: 248n,
    CAP_FLAGS: 250n,
    ...CONTENT_FLAGS,
    KVM_CAP_MEMORY_ATTRIBUTES2: 248n,
    KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 249n,
    KVM_CAP_MEMORY_ATTRIBUTES2_FLAGS: 250n,
  },
  probe: {
    commands: [KVM_SET_MEMORY_ATTRIBUTES2].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    requests: { plain: '0', errorOffset: 'EINVAL', zero: 'EOPNOTSUPP', preserve: '0', defaultVm: '0' },
    capability: { number: 249n, value: 8n },
  },
};
