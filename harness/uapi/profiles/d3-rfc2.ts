// SPDX-License-Identifier: GPL-2.0-only
import { GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** RFC v2 of the series (2026-02): KVM_SET_MEMORY_ATTRIBUTES2 on VM and guest_memfd, error_offset and reserved words checked. */
export const d3: Profile = {
  id: 'd3-rfc2',
  about:
    'RFC v2 of the series (2026-02): KVM_SET_MEMORY_ATTRIBUTES2 on VM and guest_memfd, error_offset and reserved words checked',
  sources: ['cover.1770071243 (patch 9: ioctl and capabilities)'],
  kernel: [7, 3],
  dialect: 3,
  conversion: { kind: 'attributes2', flags: 0n },
  constants: {
    ...GMEM_FLAGS,
    CAP_CONVERSION: 248n,
    CAP_ATTRIBUTES2: 247n,
    KVM_CAP_MEMORY_ATTRIBUTES2: 247n,
    KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 248n,
  },
  probe: {
    commands: [KVM_SET_MEMORY_ATTRIBUTES2].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    requests: { plain: '0', errorOffset: 'EINVAL', zero: 'EINVAL', preserve: 'EINVAL', defaultVm: '0' },
    capability: { number: 248n, value: 8n },
  },
};
