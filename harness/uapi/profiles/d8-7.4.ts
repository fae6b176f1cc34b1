// SPDX-License-Identifier: GPL-2.0-only
import { GMEM_FLAGS, KVM_SET_MEMORY_ATTRIBUTES2 } from './common.js';
import type { Profile } from './profile.js';

/** The series as applied to kvm-x86 `coco` for 7.4. */
export const d8: Profile = {
  id: 'd8-7.4',
  about:
    'as applied for 7.4: KVM_SET_MEMORY_ATTRIBUTES2 on the guest_memfd fd, capability 252, no content flags',
  sources: [
    'kvm-x86 coco 799c9fadc639 (ioctl), dcde2f853ff4 (error_offset), 537ec2b15fdd (switch)',
    '20260910-gmem-inplace-conversion-v13-0-dd6fbf94f4e1',
  ],
  // The series is aimed at 7.4; what is described here was measured with it on 7.3.
  kernel: [7, 3],
  dialect: 8,
  conversion: { kind: 'attributes2', flags: 0n },
  constants: { ...GMEM_FLAGS, CAP_CONVERSION: 252n, KVM_CAP_GUEST_MEMFD_MEMORY_ATTRIBUTES: 252n },
  probe: {
    commands: [{ cmd: KVM_SET_MEMORY_ATTRIBUTES2, answer: 'EFAULT' }],
    requests: { plain: '0', errorOffset: '0', zero: 'EINVAL', preserve: 'EINVAL', defaultVm: 'EINVAL' },
    capability: { number: 252n, value: 8n },
  },
};
