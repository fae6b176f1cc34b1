// SPDX-License-Identifier: GPL-2.0-only
/** VFIO's type1v2 container: a DMA map of a group that owns a device (drivers/vfio/vfio_iommu_type1.c). */
import { blob, imm, ret } from './builder.js';
import type { Builder } from './builder.js';
import { openAt } from './context.js';
import type { SpaceObject } from './context.js';
import { command, mapForDevice, space, struct } from './device-memory.js';
import type { HoldMethod } from './hold.js';

const GROUP_LINK = '/sys/bus/pci/devices/0000:00:10.0/iommu_group';
/** The link's text up to the number, which is also the name of the group's device file. */
const STEM = '../../../kernel/iommu_groups/'.length;
const LINK_ROOM = 64;

const SET_IOMMU = command(102, 'VFIO_SET_IOMMU');
const SET_CONTAINER = command(104, 'VFIO_GROUP_SET_CONTAINER');
const MAP_DMA = command(113, 'VFIO_IOMMU_MAP_DMA');
const UNMAP_DMA = command(114, 'VFIO_IOMMU_UNMAP_DMA');
const TYPE1V2 = imm(3, 'VFIO_TYPE1v2_IOMMU');
const READ_WRITE = imm(3);
const O_RDWR_CLOEXEC = imm(0o2000002n, 'O_RDWR|O_CLOEXEC');

function openContainer(b: Builder): SpaceObject {
  const fd = ret(openAt(b, '/dev/vfio/vfio', 2n, 'O_RDWR', 'container', true), 'container');
  const link = b.alloc(LINK_ROOM);
  const text = [imm(-100n, 'AT_FDCWD'), b.path(GROUP_LINK), blob(link, 'group'), imm(LINK_ROOM - 1)];
  b.syscall('readlinkat', text, { quiet: true });
  const directory = ret(openAt(b, '/dev/vfio', 0n, 'O_RDONLY', '/dev/vfio', true), '/dev/vfio');
  const open = [directory, blob(link + STEM, 'group'), O_RDWR_CLOEXEC];
  const group = ret(b.syscall('openat', open, { fd: true, quiet: true }), 'group');
  const container = struct(b, 4, [[0, 4, fd]], 'container');
  b.syscall('ioctl', [group, SET_CONTAINER, container], { quiet: true });
  b.syscall('ioctl', [fd, SET_IOMMU, TYPE1V2], { quiet: true });
  return { kind: 'space', fd };
}

export const vfio: HoldMethod = (cx, at, length) => {
  const { fd } = space(cx, 'vfio container', openContainer);
  return mapForDevice(cx.b, fd, at, length, {
    map: (b, vaddr, iova, size, text) => {
      const members = [[0, 4, imm(32)], [4, 4, READ_WRITE], [8, 8, vaddr], [16, 8, iova], [24, 8, size]] as const; // prettier-ignore
      return { command: MAP_DMA, argument: struct(b, 32, members, text) };
    },
    unmap: (b, iova, size, text) => {
      const members = [[0, 4, imm(24)], [8, 8, iova], [16, 8, size]] as const; // prettier-ignore
      return { command: UNMAP_DMA, argument: struct(b, 24, members, text), size: 16 };
    },
  });
};
