// SPDX-License-Identifier: GPL-2.0-only
import { refuse, silent } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { commandOf, convertIoctls, fileOf, isKnown, untouched } from './convert-request.js';
import type { Converting, Request } from './convert-request.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';

const asked = { report: untouched };

const typeOf = (v: Request): bigint => (commandOf(v) >> 8n) & 0xffn;
/** Types of commands of KVM, and of dialect 1. */
const KVM_TYPES = [0xaen, 0xafn];
/** Types of commands that files know by VFS (fs/ioctl.c do_vfs_ioctl). */
const VFS_TYPES = [0x00n, 0x15n, 0x54n, 0x58n, 0x66n, 0x94n];

/** What is asked before the command: who is asked, and by whom. */
export const TARGET: readonly Rule<Converting>[] = [
  refuse('gmem.attr.ebadf', 'EBADF', ({ state, step }) => noIoctl(state, step.on), asked),
  refuse(
    'gmem.attr.vm-fd-other-mm-eio',
    'EIO',
    ({ state, step }) => foreignAddressSpace(state, step.on),
    asked,
  ),
  // Commands of other files and of all files are not what these verbs are for.
  silent((v) => !fileOf(v) && !KVM_TYPES.includes(typeOf(v))),
  silent((v) => VFS_TYPES.includes(typeOf(v))),
  refuse(
    'gmem.attr.other-fd',
    'EINVAL',
    (v) => !fileOf(v) && unknownOn(v.world, v.state, v.step.on) === 'EINVAL',
    asked,
  ),
  refuse('gmem.attr.other-fd', 'ENOTTY', (v) => !fileOf(v), asked),
  refuse('gmem.attr.absent-enotty', 'ENOTTY', ({ world }) => !world.has('conversion'), asked),
];

/** Whether the command is the file's own. */
export const COMMAND: readonly Rule<Converting>[] = [
  refuse('dialect.d1.commands', 'ENOTTY', (v) => convertIoctls(v) && !isKnown(v), asked),
  refuse('gmem.attr.command-exact', 'ENOTTY', (v) => !isKnown(v), asked),
];
