// SPDX-License-Identifier: GPL-2.0-only
import { CONVERSION_COMMANDS } from '../../uapi/profiles/index.js';
import { refuse, silent } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { commandOf, convertIoctls, fileOf, isKnown, untouched } from './convert-request.js';
import type { Converting } from './convert-request.js';
import { foreignAddressSpace, noIoctl, unknownOn } from './ioctl-target.js';
import { isVfsCommand } from './vfs-commands.js';

const asked = { report: untouched };

const COMMANDS = CONVERSION_COMMANDS.map(({ cmd }) => cmd);

/** Who is asked, and by whom, which comes before the command. */
export const CALLER: readonly Rule<Converting>[] = [
  refuse('gmem.attr.ebadf', 'EBADF', ({ state, step }) => noIoctl(state, step.on), asked),
  refuse(
    'gmem.attr.vm-fd-other-mm-eio',
    'EIO',
    ({ state, step }) => foreignAddressSpace(state, step.on),
    asked,
  ),
  // What other files make of other commands is not for these verbs to say.
  silent((v) => !fileOf(v) && !COMMANDS.includes(commandOf(v))),
  silent((v) => isVfsCommand(commandOf(v))),
];

/** Files that have no such command. */
export const TARGET: readonly Rule<Converting>[] = [
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
