// SPDX-License-Identifier: GPL-2.0-only
import { KVM_GMEM_CONVERT_PRIVATE, KVM_GMEM_CONVERT_SHARED } from './common.js';
import type { Profile } from './profile.js';

/** RFC v2 of the 1G-page series (2025-05): KVM_GMEM_CONVERT_SHARED and _PRIVATE with a magic of their own. */
export const d1: Profile = {
  id: 'd1-convert-ioctls',
  about:
    'RFC v2 of the 1G-page series (2025-05): KVM_GMEM_CONVERT_SHARED and _PRIVATE with a magic of their own',
  sources: ['cover.1747264138.git.ackerleytng (patches 4 and 7: ioctls, flags, capabilities)'],
  kernel: [7, 3],
  dialect: 1,
  conversion: { kind: 'convert-ioctls' },
  constants: {
    GMEM_MMAP: 1n,
    GMEM_SHARED: 1n,
    GMEM_PRIVATE: 3n,
    GUEST_MEMFD_FLAG_SUPPORT_SHARED: 1n,
    GUEST_MEMFD_FLAG_INIT_PRIVATE: 2n,
    GUEST_MEMFD_FLAG_HUGETLB: 4n,
    CAP_CONVERSION: 241n,
    KVM_CAP_GMEM_SHARED_MEM: 240n,
    KVM_CAP_GMEM_CONVERSION: 241n,
    KVM_CAP_GMEM_HUGETLB: 242n,
  },
  probe: {
    commands: [KVM_GMEM_CONVERT_SHARED, KVM_GMEM_CONVERT_PRIVATE].map((cmd) => ({ cmd, answer: 'EFAULT' })),
    capability: { number: 241n, value: 1n },
  },
};
