// SPDX-License-Identifier: GPL-2.0-only
import { withHoldsSettled } from '../core/pins.js';
import { effect, refuse, succeed } from '../core/rule.js';
import type { Rule } from '../core/rule.js';
import { self, withSelf } from '../core/state.js';

/** Longer than any target waits for a call. */
const HOUR_MS = 3_600_000n;

/** Time in which the kernel's workers are sure to have done what they had to; the longest that was seen is 200 ms. */
const SETTLED_MS = 1000n;

/** nanosleep(2). What else runs meanwhile is not the program's. */
export const WAIT: readonly Rule<'wait'>[] = [
  succeed('linux.process.wait', ({ step }) => step.ms >= 0n && step.ms < HOUR_MS, {
    effects: [
      effect('gmem.pin.ends-with-process', ({ state, step }) =>
        step.ms >= SETTLED_MS ? withHoldsSettled(state) : state,
      ),
    ],
  }),
];

/** Default of RLIMIT_NOFILE's hard limit in the kernel (include/uapi/linux/fs.h INR_OPEN_MAX). */
const INR_OPEN_MAX = 4096n;

/** prlimit(2) of RLIMIT_NOFILE, soft and hard: it can be lowered by anyone. */
export const LIMIT: readonly Rule<'limit'>[] = [
  succeed(
    'linux.process.limit',
    ({ state, step }) => step.nofile >= 0n && step.nofile <= (self(state).nofile ?? INR_OPEN_MAX),
    {
      effects: [effect('linux.process.limit', ({ state, step }) => withSelf(state, { nofile: step.nofile }))],
    },
  ),
];

/** The uid that means "as it is" (kernel/sys.c __sys_setresuid). */
const UNCHANGED = 0xffff_ffffn;

/** setresuid(2): user 0 may become anybody, others only who they are. */
export const BECOME: readonly Rule<'become'>[] = [
  refuse(
    'linux.process.become',
    'EPERM',
    ({ state, step }) => self(state).uid !== 0n && self(state).uid !== step.uid && step.uid < UNCHANGED,
  ),
  succeed('linux.process.become', ({ step }) => step.uid >= 0n && step.uid < UNCHANGED, {
    effects: [effect('linux.process.become', ({ state, step }) => withSelf(state, { uid: step.uid }))],
  }),
];
