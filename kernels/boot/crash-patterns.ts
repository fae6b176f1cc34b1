// SPDX-License-Identifier: GPL-2.0-only

/** How grave a console line is: `panic`, `oops`, `hang` end a guest sooner or later, `splat` may not. */
export interface CrashPattern {
  kind: 'panic' | 'oops' | 'hang' | 'splat';
  /** Matches within one console line; what it matches is the title. */
  pattern: RegExp;
}

/**
 * What kernels print when something is wrong, most specific first: the first pattern that matches a line
 * decides. Sources: kernel/panic.c, arch/x86/kernel/{dumpstack,traps}.c, arch/x86/mm/fault.c,
 * arch/arm64/kernel/traps.c, arch/arm64/mm/fault.c, mm/kasan/report.c, kernel/locking/lockdep.c,
 * kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h, lib/ubsan.c, lib/bug.c.
 */
export const CRASH_PATTERNS: readonly CrashPattern[] = [
  { kind: 'panic', pattern: /Kernel panic - not syncing.*/ },
  { kind: 'panic', pattern: /PANIC: double fault.*/ },

  { kind: 'splat', pattern: /BUG: (?:KASAN|KCSAN|KMSAN|KFENCE): .*/ },
  { kind: 'splat', pattern: /UBSAN: .*/ },

  { kind: 'oops', pattern: /BUG: unable to handle .*/ },
  { kind: 'oops', pattern: /BUG: kernel NULL pointer dereference.*/ },
  { kind: 'oops', pattern: /BUG: (?:stack|IRQ stack|TASK stack) guard page was hit.*/ },
  { kind: 'oops', pattern: /kernel BUG at .*/ },
  { kind: 'oops', pattern: /Unable to handle kernel .*/ },
  { kind: 'oops', pattern: /Insufficient stack space to handle exception.*/ },
  { kind: 'oops', pattern: /Internal error: .*/ },
  { kind: 'oops', pattern: /Oops(?: - [^:]*)?: .*/ },
  { kind: 'oops', pattern: /general protection fault, .*/ },

  { kind: 'hang', pattern: /BUG: soft lockup - .*/ },
  { kind: 'hang', pattern: /Watchdog detected hard LOCKUP.*/ },
  { kind: 'hang', pattern: /INFO: rcu_\w+ (?:self-)?detected(?: expedited)? stalls?.*/ },
  { kind: 'hang', pattern: /INFO: task .* blocked for more than .*/ },
  { kind: 'hang', pattern: /BUG: workqueue lockup - .*/ },

  { kind: 'splat', pattern: /WARNING: .*/ },
  { kind: 'splat', pattern: /INFO: (?:possible|inconsistent|trying to register) .*/ },
  { kind: 'splat', pattern: /BUG [\w-]+ \(.*\): .*/ },
  { kind: 'splat', pattern: /(?:list_add|list_del) corruption.*/ },
  { kind: 'splat', pattern: /kmemleak: \d+ new suspected memory leaks.*/ },
  { kind: 'splat', pattern: /BUG: .*/ },
];
