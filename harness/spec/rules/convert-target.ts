// SPDX-License-Identifier: GPL-2.0-only
import { KVM_SET_MEMORY_ATTRIBUTES2 } from '../../uapi/profiles/common.js';
import { CONVERSION_COMMANDS } from '../../uapi/profiles/index.js';
import { kindOf } from '../core/look.js';
import { refuse, silent } from '../core/rule.js';
import type { Rule, View } from '../core/rule.js';
import { commandOf, convertIoctls, fileOf, isKnown, untouched } from './convert-request.js';
import type { Converting } from './convert-request.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';
import { isVfsCommand } from './vfs-commands.js';

const asked = { report: untouched };

const COMMANDS = CONVERSION_COMMANDS.map(({ cmd }) => cmd);

/** Who is asked, and by whom, which comes before the command. */
export const CALLER: readonly Rule<Converting>[] = [
  refuse('gmem.attr.ebadf', 'EBADF', ({ state, step }) => noIoctl(state, step.on)),
  refuse(
    'gmem.attr.vm-fd-other-mm-eio',
    'EIO',
    ({ state, step, world }) => world.has('conversion') && foreignAddressSpace(state, step.on),
  ),
  refuse(
    'kvm.vm.other-mm-eio',
    'EIO',
    ({ state, step, world }) => !world.has('conversion') && foreignAddressSpace(state, step.on),
  ),
  // What other files make of other commands is not for these verbs to say.
  silent((v) => !fileOf(v) && !COMMANDS.includes(commandOf(v))),
  silent((v) => isVfsCommand(commandOf(v))),
];

const isGmem = (v: View<Converting>): boolean => fileOf(v) !== undefined;
const hasConversion = ({ world }: View<Converting>): boolean => world.has('conversion');
const isUnknown = (v: View<Converting>, errno: string): boolean =>
  !fileOf(v) && unknownOn(v.world, v.state, v.step.on) === errno;
const isWiderOnVm = (v: View<Converting>): boolean =>
  !hasConversion(v) && kindOf(v.state, v.step.on) === 'vm' && commandOf(v) === KVM_SET_MEMORY_ATTRIBUTES2;
const isElsewhere = (v: View<Converting>): boolean => !hasConversion(v) && !isWiderOnVm(v);

/** Files that have no such command. */
export const TARGET: readonly Rule<Converting>[] = [
  refuse('gmem.attr.other-fd', 'EINVAL', (v) => hasConversion(v) && isUnknown(v, 'EINVAL')),
  refuse('gmem.attr.other-fd', 'ENOTTY', (v) => hasConversion(v) && isUnknown(v, 'ENOTTY')),
  refuse('kvm.vmattr.wider-command', 'EINVAL', (v) => isWiderOnVm(v) && isUnknown(v, 'EINVAL')),
  refuse('kvm.vmattr.wider-command', 'ENOTTY', (v) => isWiderOnVm(v) && isUnknown(v, 'ENOTTY')),
  refuse('kvm.ioctl.unknown-command', 'EINVAL', (v) => isElsewhere(v) && isUnknown(v, 'EINVAL')),
  refuse('kvm.ioctl.unknown-command', 'ENOTTY', (v) => isElsewhere(v) && isUnknown(v, 'ENOTTY')),
  refuse('gmem.attr.absent-enotty', 'ENOTTY', (v) => !hasConversion(v) && isGmem(v), asked),
];

const isForeign = (v: View<Converting>): boolean => hasConversion(v) && isGmem(v) && !isKnown(v);

/** Whether the command is the file's own. */
export const COMMAND: readonly Rule<Converting>[] = [
  refuse('dialect.d1.commands', 'ENOTTY', (v) => convertIoctls(v) && isForeign(v), asked),
  refuse('gmem.attr.command-exact', 'ENOTTY', (v) => !convertIoctls(v) && isForeign(v), asked),
];
