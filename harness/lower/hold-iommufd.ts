// SPDX-License-Identifier: GPL-2.0-only
/** iommufd: a map of an I/O address space that a VFIO device is attached to (drivers/iommu/iommufd/ioas.c, pages.c). */
import { blob, imm, mem32, ret } from './builder.js';
import type { Builder } from './builder.js';
import { openAt } from './context.js';
import type { SpaceObject } from './context.js';
import { command, mapForDevice, space, struct } from './device-memory.js';
import type { HoldMethod } from './hold.js';

/** The second of the two devices. */
const DEVICE = '/dev/vfio/devices/vfio1';

const BIND = command(118, 'VFIO_DEVICE_BIND_IOMMUFD');
const ATTACH = command(119, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT');
const IOAS_ALLOC = command(0x81, 'IOMMU_IOAS_ALLOC');
const IOAS_MAP = command(0x85, 'IOMMU_IOAS_MAP');
const IOAS_UNMAP = command(0x86, 'IOMMU_IOAS_UNMAP');
const FIXED_IOVA_WRITEABLE_READABLE = imm(7);

function openIommufd(b: Builder): SpaceObject {
  const fd = ret(openAt(b, '/dev/iommu', 2n, 'O_RDWR', 'iommu', true), 'iommu');
  const device = ret(openAt(b, DEVICE, 2n, 'O_RDWR', 'device', true), 'device');
  const binding = struct(b, 16, [[0, 4, imm(16)], [8, 4, fd]], 'iommu'); // prettier-ignore
  b.syscall('ioctl', [device, BIND, binding], { quiet: true });
  const alloc = b.alloc(12);
  b.patch(alloc, 4, imm(12));
  b.syscall('ioctl', [fd, IOAS_ALLOC, blob(alloc, 'ioas')], { quiet: true });
  const id = mem32(alloc + 8, 'ioas');
  // An address space without a device pins nothing when something is mapped.
  const attachment = struct(b, 12, [[0, 4, imm(12)], [8, 4, id]], 'ioas'); // prettier-ignore
  b.syscall('ioctl', [device, ATTACH, attachment], { quiet: true });
  return { kind: 'space', fd, id };
}

export const iommufd: HoldMethod = (cx, at, length) => {
  const { fd, id = imm(0) } = space(cx, 'iommufd ioas', openIommufd);
  return mapForDevice(cx.b, fd, at, length, {
    map: (b, vaddr, iova, size, text) => {
      const flags = FIXED_IOVA_WRITEABLE_READABLE;
      const members = [[0, 4, imm(40)], [4, 4, flags], [8, 4, id], [16, 8, vaddr], [24, 8, size], [32, 8, iova]] as const; // prettier-ignore
      return { command: IOAS_MAP, argument: struct(b, 40, members, text) };
    },
    unmap: (b, iova, size, text) => {
      const members = [[0, 4, imm(24)], [4, 4, id], [8, 8, iova], [16, 8, size]] as const; // prettier-ignore
      return { command: IOAS_UNMAP, argument: struct(b, 24, members, text), size: 16 };
    },
  });
};
