// SPDX-License-Identifier: GPL-2.0-only
import { GMEM_FLAGS } from './common.js';
import type { Profile } from './profile.js';

/** No conversion: the state of a page is fixed for the life of the file by INIT_SHARED. */
export const d0Mainline: Profile = {
  id: 'd0-mainline',
  about:
    'mainline 7.3: no in-place conversion, no ioctl on the guest_memfd fd; older kernels are held to it too',
  sources: ['virt/kvm/guest_memfd.c (Linux 7.3.4)', 'include/uapi/linux/kvm.h (Linux 7.3.4)'],
  kernel: [7, 3],
  dialect: 0,
  // What is asked of a kernel without conversion is what it would have, were it there.
  conversion: { kind: 'attributes2', flags: 0n },
  constants: { ...GMEM_FLAGS, CAP_CONVERSION: 252n },
  probe: { commands: [] },
};
